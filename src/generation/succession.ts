import type { Config } from '../config.ts'
import type { Generation } from './generation.ts'

/** The generations of the configuration that something still needs; the last one takes requests. */
export interface Succession {
  readonly current: () => Generation
  /**
   * Has a new generation take all further requests, in one step. The one before goes on with what came
   * in under it, and ends with the last of that.
   * @throws {Error} when it cannot be prepared; nothing has changed then
   */
  readonly follow: (config: Config) => Generation
  /** Ends all of them; resolves when nothing of any is needed. To be called when no request can come. */
  readonly retireAll: () => Promise<void>
  /** How many there are, the current one included. */
  readonly size: () => number
  /** Ends the connections of all of them to Magento, those in use too. */
  readonly cutOff: () => Promise<void>
}

/**
 * Starts a succession.
 * @param prepare makes a generation of a configuration, and of the generation that it follows
 */
export function startSuccession(
  first: Config,
  prepare: (config: Config, previous?: Generation) => Generation,
): Succession {
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
    follow: (config) => {
      const previous = current
      current = prepare(config, previous)
      living.add(current)
      retire(previous)
      return current
    },
    retireAll: async () => {
      retire(current)
      await Promise.all(retiring)
    },
    size: () => living.size,
    cutOff: async () => {
      await Promise.all([...living].map((each) => each.cutOff()))
    },
  }
}
