import type { UpstreamConnections } from '../record/metrics/upstream-metrics.ts'
import type { Generation, NextConfig } from './generation.ts'

/** The generations that are still in use. The latest one takes new requests. */
export interface Generations {
  readonly current: () => Generation
  /**
   * Switches all further requests to a new generation, in one step. The one before finishes the requests
   * that it has taken, and then ends.
   * @throws {Error} when the new one cannot be prepared; nothing has changed then
   */
  readonly switchTo: (next: NextConfig) => void
  /** Ends all generations; resolves when none is in use. To be called when no more requests can come. */
  readonly retireAll: () => Promise<void>
  /** How many generations are in use, including the current one. */
  readonly size: () => number
  /** How many connections to Magento all of them have, and the limit of the current one. */
  readonly connections: () => UpstreamConnections
  /** Closes the connections of all generations to Magento, including those in use. To be called after {@link retireAll}. */
  readonly cutOff: () => Promise<void>
}

/**
 * Starts with a first generation.
 * @param prepare makes a generation from a configuration and the generation before
 */
export function startGenerations(
  first: NextConfig,
  prepare: (next: NextConfig, previous?: Generation) => Generation,
): Generations {
  let current = prepare(first)
  const living = new Set([current])
  const retiring = new Set<Promise<void>>()

  function retire(generation: Generation): void {
    const over: Promise<void> = generation.retire().then(() => {
      living.delete(generation)
      retiring.delete(over)
    })
    retiring.add(over)
  }

  return {
    current: () => current,
    switchTo: (next) => {
      const previous = current
      current = prepare(next, previous)
      living.add(current)
      retire(previous)
    },
    retireAll: async () => {
      retire(current)
      await Promise.all(retiring)
    },
    size: () => living.size,
    connections: () => {
      const { limit } = current.connections()
      let open = 0
      let busy = 0
      for (const generation of living) {
        const own = generation.connections()
        open += own.open
        busy += own.busy
      }
      return { open, busy, limit }
    },
    cutOff: async () => {
      await Promise.all([...living].map((each) => each.cutOff()))
    },
  }
}
