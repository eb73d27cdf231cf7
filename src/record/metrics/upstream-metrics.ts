import type { Registry } from 'prom-client'
import { watchedGauge } from './tally.ts'

/** How the connections to Magento stand. */
export interface UpstreamConnections {
  readonly open: number
  /** Of these, how many have a request. */
  readonly busy: number
  /** Most that may be open. */
  readonly limit: number
}

/** Shows the connections to Magento; gives the function that says where they are asked for. */
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
