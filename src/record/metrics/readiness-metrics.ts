import type { Registry } from 'prom-client'
import { watchedGauge } from './tally.ts'

/** Registers the metric of readiness; returns the function that sets where to read it. */
export function readinessMetrics(registry: Registry): (isReady: () => boolean) => void {
  const watch = watchedGauge(registry, {
    name: 'magegate_ready',
    help: '1 if /readyz says that the gateway should get traffic, otherwise 0.',
  })
  return (isReady) => watch(() => Number(isReady()))
}
