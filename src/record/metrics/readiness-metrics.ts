import type { Registry } from './exposition.ts'
import { readGauge } from './tally.ts'

/** Registers the metric of readiness, which is read at each scrape. */
export function readinessMetrics(registry: Registry, isReady: () => boolean): void {
  const form = {
    name: 'magegate_ready',
    help: '1 if /readyz says that the gateway should get traffic, otherwise 0.',
  }
  readGauge(registry, form, () => Number(isReady()))
}
