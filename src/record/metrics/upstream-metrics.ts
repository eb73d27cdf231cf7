import type { Registry } from './exposition.ts'
import { readGauge } from './tally.ts'

/** The state of the connections to Magento. */
export interface UpstreamConnections {
  readonly open: number
  /** How many of the open ones are handling a request. */
  readonly busy: number
  /** How many may be open at most. */
  readonly limit: number
}

/** Registers the metrics of connections to Magento, which are read at each scrape. */
export function upstreamMetrics(registry: Registry, read: () => UpstreamConnections): void {
  const gauge = (count: keyof UpstreamConnections, help: string) =>
    readGauge(
      registry,
      { name: `magegate_upstream_connections_${count}`, help },
      () => read()[count],
    )
  gauge('open', 'Connections to Magento that are open.')
  gauge('busy', 'Connections to Magento that have a request.')
  gauge('limit', 'Most connections to Magento at once.')
}
