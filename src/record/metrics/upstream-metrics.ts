import type { Registry } from 'prom-client'
import { watchedGauge } from './tally.ts'

/** The state of the connections to Magento. */
export interface UpstreamConnections {
  readonly open: number
  /** How many of the open ones are handling a request. */
  readonly busy: number
  /** How many may be open at most. */
  readonly limit: number
}

/** Registers the metrics of connections to Magento; returns the function that sets where to read them. */
export function upstreamMetrics(registry: Registry): (read: () => UpstreamConnections) => void {
  const gauge = (name: string, help: string) =>
    watchedGauge(registry, { name: `magegate_upstream_${name}`, help })
  const watchOpen = gauge('connections_open', 'Connections to Magento that are open.')
  const watchBusy = gauge('connections_busy', 'Connections to Magento that have a request.')
  const watchLimit = gauge('connections_limit', 'Most connections to Magento at once.')
  return (read) => {
    watchOpen(() => read().open)
    watchBusy(() => read().busy)
    watchLimit(() => read().limit)
  }
}
