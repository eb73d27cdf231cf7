import { Gauge, type Registry } from 'prom-client'
import { oneAtATime } from '../../contract/one-at-a-time.ts'
import type { QueueDepth } from '../../jobs/durable-queue.ts'

/** The names of a durable queue's metrics. */
export interface QueueForm {
  /**
   * The gauge of entries by state; with `_oldest_age_seconds` added, the gauge of the oldest entry's age, and with
   * `_away` that of whether the queue is out of reach.
   */
  readonly name: string
  readonly help: string
  readonly oldestHelp: string
}

/**
 * Registers gauges of how many entries wait in a durable queue, for how long, and whether that is known.
 * @param depth asked at each scrape; if it is unknown, only that is shown
 * @param clock milliseconds since the epoch
 */
export function queueMetrics(
  registry: Registry,
  { name, help, oldestHelp }: QueueForm,
  depth: () => Promise<QueueDepth>,
  clock: () => number,
): void {
  const registers = [registry]
  // Once for all gauges, which are read while the first still waits for the answer.
  const ask = oneAtATime(() => depth().catch(() => undefined))
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
    name: `${name}_away`,
    help: '1 while the queue cannot be read, or nothing can be put into it; otherwise 0.',
    registers,
    async collect() {
      this.set(Number((await ask()) === undefined))
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
