import type { Registry } from 'prom-client'
import type { QueueDepth } from '../../jobs/durable-queue.ts'
import { queueMetrics } from './queue-metrics.ts'
import { eventCounter } from './tally.ts'

/** The outcome of one attempt to send; `failed` is tried again, `dead` is not. */
export type SendingOutcome = 'delivered' | 'failed' | 'dead'

/**
 * Registers the metrics of call-backs; gives the function that counts a sending. Labels are names of integrations and
 * words of our own.
 * @param depth how many are waiting, asked at each scrape; if that is unknown, only that is shown
 * @param clock milliseconds since the epoch
 */
export function openCallbackMetrics(
  registry: Registry,
  depth: () => Promise<QueueDepth>,
  clock: () => number,
): (integration: string, outcome: SendingOutcome) => void {
  queueMetrics(
    registry,
    {
      name: 'magegate_callbacks',
      help: 'Call-backs that wait, are under way, or are dead letters.',
      oldestHelp: 'Age of the oldest call-back that is neither delivered nor dead.',
    },
    depth,
    clock,
  )
  return eventCounter(registry, {
    name: 'magegate_callbacks_sent_total',
    help: 'Sendings of call-backs: delivered, failed and tried again, or dead.',
    labelNames: ['integration', 'outcome'],
  })
}
