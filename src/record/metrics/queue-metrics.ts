import { Gauge, type Registry } from 'prom-client'
import type { QueueDepth } from '../../jobs/durable-queue.ts'

/** What is told of the entries of a durable queue. */
export interface QueueForm {
  /** How many there are by state, a gauge; with `_oldest_age_seconds` the age of the oldest. */
  readonly name: string
  readonly help: string
  readonly oldestHelp: string
}

/**
 * Shows how much waits in a durable queue and for how long.
 * @param depth asked at each scrape; nothing is told where it cannot be said
 * @param clock milliseconds since the epoch
 */
export function queueMetrics(
  registry: Registry,
  { name, help, oldestHelp }: QueueForm,
  depth: () => Promise<QueueDepth>,
  clock: () => number,
): void {
  const registers = [registry]
  let asked: Promise<QueueDepth | undefined> | undefined
  /** Once for both gauges: one may be read before the other has its answer. */
  function ask(): Promise<QueueDepth | undefined> {
    asked ??= depth()
      .catch(() => undefined)
      .finally(() => {
        asked = undefined
      })
    return asked
  }
  new Gauge({
    name,
    help,
    labelNames: ['state'] as const,
    registers,
    async collect() {
      const found = await ask()
      this.reset()
      if (found === undefined) return
      this.set({ state: 'waiting' }, found.waiting)
      this.set({ state: 'running' }, found.running)
      this.set({ state: 'dead' }, found.dead)
    },
  })
  new Gauge({
    name: `${name}_oldest_age_seconds`,
    help: oldestHelp,
    registers,
    async collect() {
      const found = await ask()
      if (found === undefined) this.remove()
      else this.set(Math.max(0, clock() - (found.oldestPutAtMs ?? clock())) / 1000)
    },
  })
}
