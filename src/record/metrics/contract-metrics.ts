import type { Registry } from 'prom-client'
import { tallyCounter } from './tally.ts'

/** What is known of how requests and answers keep to the schema of Magento. */
export interface ContractMetrics {
  /** Counts a request that is not as the schema of Magento has it, and was let through. */
  readonly violated: (integration: string, route: string) => void
  /** Counts an answer of Magento that is not as its schema has it. */
  readonly drifted: (integration: string, route: string) => void
}

/** Shows what is not as the schema of Magento has it. */
export function contractMetrics(registry: Registry): ContractMetrics {
  const violations = tallyCounter(registry, {
    name: 'magegate_contract_violations_total',
    help: 'Requests off the schema of Magento that were only reported.',
    labelNames: ['integration', 'route'],
  })
  const drifts = tallyCounter(registry, {
    name: 'magegate_answer_drift_total',
    help: 'Answers of Magento that are not as its schema has them.',
    labelNames: ['integration', 'route'],
  })
  return {
    violated: (integration, route) => {
      violations({ integration, route }).count += 1
    },
    drifted: (integration, route) => {
      drifts({ integration, route }).count += 1
    },
  }
}
