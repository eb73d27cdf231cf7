import type { Registry } from 'prom-client'
import { eventCounter } from './tally.ts'

/** Counts a refusal that was only reported. */
export type CountReported = (integration: string, policy: string, code: string) => void

/** Counts what policies that only report would have refused. */
export function reportMetrics(registry: Registry): CountReported {
  return eventCounter(registry, {
    name: 'magegate_reported_refusals_total',
    help: 'Refusals of policies that only report, by the code that would have been answered.',
    labelNames: ['integration', 'policy', 'code'],
  })
}
