import type { Registry } from 'prom-client'
import { eventCounter } from './tally.ts'

/** Metrics of how well requests and answers keep to Magento's schema. */
export interface ContractMetrics {
  /** Counts a request that violates Magento's schema and was let through nevertheless. */
  readonly violated: (integration: string, route: string) => void
  /** Counts an answer of Magento that differs from its own schema. */
  readonly drifted: (integration: string, route: string) => void
}

/** Registers the metrics of Magento's schema. */
export function contractMetrics(registry: Registry): ContractMetrics {
  return {
    violated: eventCounter(registry, {
      name: 'magegate_contract_violations_total',
      help: 'Requests that depart from the schema of Magento and were only reported.',
      labelNames: ['integration', 'route'],
    }),
    drifted: eventCounter(registry, {
      name: 'magegate_answer_drift_total',
      help: 'Answers of Magento that depart from its schema.',
      labelNames: ['integration', 'route'],
    }),
  }
}
