import type { Registry } from 'prom-client'
import { eventCounter } from './tally.ts'

/** Metrics of how well requests and answers keep to Magento's schema, and requests to the bounds of searches. */
export interface ContractMetrics {
  /** Counts a request that violates Magento's schema or the bounds of searches, and was let through nevertheless. */
  readonly violated: (integration: string, route: string) => void
  /** Counts an answer of Magento that differs from its own schema. */
  readonly drifted: (integration: string, route: string) => void
}

/** Registers the metrics of Magento's schema. */
export function contractMetrics(registry: Registry): ContractMetrics {
  return {
    violated: eventCounter(registry, {
      name: 'magegate_contract_violations_total',
      help: 'Requests beyond the schema of Magento or the bounds of searches that were only reported, by the mode of that policy.',
      labelNames: ['integration', 'route'],
    }),
    drifted: eventCounter(registry, {
      name: 'magegate_answer_drift_total',
      help: 'Answers of Magento that depart from its schema.',
      labelNames: ['integration', 'route'],
    }),
  }
}
