import { oneAtATime } from '../../contract/one-at-a-time.ts'
import type { QueueDepth } from '../../jobs/durable-queue.ts'
import type { Registry } from './exposition.ts'
import { readGauge } from './tally.ts'

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
  // Once for all gauges, which are read while the first still waits for the answer.
  const ask = oneAtATime(() => depth().catch(() => undefined))
  readGauge(registry, { name, help, labelNames: ['state'] }, async () => {
    const found = await ask()
    if (found === undefined) return []
    return (['waiting', 'running', 'dead'] as const).map((state) => [[state], found[state]])
  })
  const awayForm = {
    name: `${name}_away`,
    help: '1 while the queue cannot be read, or nothing can be put into it; otherwise 0.',
  }
  readGauge(registry, awayForm, async () => [[[], Number((await ask()) === undefined)]])
  const oldestForm = { name: `${name}_oldest_age_seconds`, help: oldestHelp }
  readGauge(registry, oldestForm, async () => {
    const found = await ask()
    if (found === undefined) return []
    return [[[], Math.max(0, clock() - (found.oldestPutAtMs ?? clock())) / 1000]]
  })
}
