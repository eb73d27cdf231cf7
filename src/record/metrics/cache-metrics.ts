import { Gauge, type Registry } from 'prom-client'
import type { AuditRecord } from '../audit-record.ts'
import { eventCounter } from './tally.ts'

/** Metrics of the response cache. */
export interface CacheMetrics {
  /** Counts one request, if its route is cached. */
  readonly observe: (record: AuditRecord) => void
  /** Tracks how many requests wait for an answer that Magento has been asked for on behalf of all of them. */
  readonly waiting: (change: 1 | -1) => void
}

/** Registers the metrics of the response cache. */
export function cacheMetrics(registry: Registry): CacheMetrics {
  const countUse = eventCounter(registry, {
    name: 'magegate_cache_requests_total',
    help: 'Requests of cached routes, by what the response cache did.',
    labelNames: ['route', 'result'],
  })
  const waiting = new Gauge({
    name: 'magegate_cache_waiting_requests',
    help: 'Requests of cached routes that wait for an answer of Magento, their own or a shared one.',
    registers: [registry],
  })
  return {
    observe: ({ cache, route = 'none' }) => {
      if (cache !== undefined) countUse(route, cache)
    },
    waiting: (change) => waiting.inc(change),
  }
}
