import type { Registry } from 'prom-client'
import type { QueueDepth } from '../../jobs/durable-queue.ts'
import { queueMetrics } from './queue-metrics.ts'
import { eventCounter } from './tally.ts'

/** Metrics of jobs. */
export interface JobMetrics {
  readonly accepted: (integration: string) => void
  readonly attempted: (integration: string, outcome: string) => void
  readonly ended: (integration: string, state: string) => void
}

/**
 * Registers the metrics of jobs. Labels are names of integrations and words of our own.
 * @param depth how many are waiting, asked at each scrape; if that is unknown, only that is shown
 * @param clock milliseconds since the epoch
 */
export function openJobMetrics(
  registry: Registry,
  depth: () => Promise<QueueDepth>,
  clock: () => number,
): JobMetrics {
  queueMetrics(
    registry,
    {
      name: 'magegate_jobs',
      help: 'Jobs that wait, are under way, or are dead letters.',
      oldestHelp: 'Age of the oldest job that is neither over nor dead.',
    },
    depth,
    clock,
  )
  return {
    accepted: eventCounter(registry, {
      name: 'magegate_jobs_accepted_total',
      help: 'Requests that were accepted as jobs.',
      labelNames: ['integration'],
    }),
    attempted: eventCounter(registry, {
      name: 'magegate_jobs_attempts_total',
      help: 'Attempts to carry out jobs, by outcome.',
      labelNames: ['integration', 'outcome'],
    }),
    ended: eventCounter(registry, {
      name: 'magegate_jobs_ended_total',
      help: 'Jobs that are over, by how they ended.',
      labelNames: ['integration', 'state'],
    }),
  }
}
