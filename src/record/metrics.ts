import { Registry } from 'prom-client'
import type { RequestContext } from '../request-context.ts'
import type { AuditRecord } from './audit-record.ts'
import { type AuditMetrics, auditMetrics } from './metrics/audit-metrics.ts'
import { authenticationMetrics } from './metrics/authentication-metrics.ts'
import { type CacheMetrics, cacheMetrics } from './metrics/cache-metrics.ts'
import { type ConfigMetrics, configMetrics } from './metrics/config-metrics.ts'
import { type ContractMetrics, contractMetrics } from './metrics/contract-metrics.ts'
import { exposition } from './metrics/exposition.ts'
import { type GateMetrics, gateMetrics } from './metrics/gate-metrics.ts'
import { type LimitMetrics, limitMetrics } from './metrics/limit-metrics.ts'
import { type ListenerMetrics, listenerMetrics } from './metrics/listener-metrics.ts'
import { readinessMetrics } from './metrics/readiness-metrics.ts'
import { type CountReported, reportMetrics } from './metrics/report-metrics.ts'
import { requestMetrics } from './metrics/request-metrics.ts'
import { type SecretMetrics, secretMetrics } from './metrics/secret-metrics.ts'
import { type CountSpans, spanMetrics } from './metrics/span-metrics.ts'
import { type StoreMetrics, storeMetrics } from './metrics/store-metrics.ts'
import { type UpstreamConnections, upstreamMetrics } from './metrics/upstream-metrics.ts'

/** The metrics of the gateway, in the format that Prometheus reads; each part has its own. */
export interface Metrics {
  /** Counts one request, which is over, by its record. */
  readonly observe: (record: AuditRecord, request: RequestContext) => void
  readonly audit: AuditMetrics
  readonly cache: CacheMetrics
  readonly config: ConfigMetrics
  readonly contract: ContractMetrics
  /** Metrics of the gate to Magento. */
  readonly gate: GateMetrics
  readonly limits: LimitMetrics
  readonly listener: ListenerMetrics
  readonly countReported: CountReported
  readonly countSpans: CountSpans
  readonly secrets: SecretMetrics
  readonly store: StoreMetrics
  /** For the metrics of parts that are not always there. */
  readonly registry: Registry
  readonly watchReadiness: (isReady: () => boolean) => void
  readonly watchUpstream: (read: () => UpstreamConnections) => void
  /** The text of all metrics, in pieces; for a scrape. */
  readonly text: () => AsyncIterable<string>
  readonly contentType: string
}

/**
 * Opens the metrics. Those of each part are defined in a file below `metrics/`, which gives the functions that
 * count. Label values come only from the configuration and our own code, so their number is bounded.
 */
export function openMetrics(): Metrics {
  const registry = new Registry()
  const countRequest = requestMetrics(registry)
  const countFailure = authenticationMetrics(registry)
  const limits = limitMetrics(registry)
  const secrets = secretMetrics(registry)
  const cache = cacheMetrics(registry)
  return {
    observe: (record, request) => {
      countRequest(record, request)
      countFailure(record, request)
      secrets.observe(record, request)
      limits.observe(request)
      cache.observe(record)
    },
    audit: auditMetrics(registry),
    cache,
    config: configMetrics(registry),
    contract: contractMetrics(registry),
    gate: gateMetrics(registry),
    limits,
    listener: listenerMetrics(registry),
    countReported: reportMetrics(registry),
    countSpans: spanMetrics(registry),
    secrets,
    store: storeMetrics(registry),
    registry,
    watchReadiness: readinessMetrics(registry),
    watchUpstream: upstreamMetrics(registry),
    text: () => exposition(registry),
    contentType: registry.contentType,
  }
}
