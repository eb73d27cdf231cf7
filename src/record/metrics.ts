import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { AuditRecord } from './audit-record.ts'
import { type ConfigMetrics, openConfigMetrics } from './config-metrics.ts'
import { type ConnectionMetrics, connectionMetrics } from './metrics/connection-metrics.ts'
import { type GateMetrics, gateMetrics } from './metrics/gate-metrics.ts'

/** Counts of what happened, in the form that Prometheus reads. */
export interface Metrics extends ConfigMetrics {
  /** Counts one request by its record. */
  readonly observe: (record: AuditRecord) => void
  readonly auditFailed: () => void
  /** Counts requests that wait for what Magento was asked on behalf of all of them. */
  readonly cacheWaiting: (change: 1 | -1) => void
  /** Shows how many requests are over whose record is not written. */
  readonly gaugeAuditWaiting: (waiting: () => number) => void
  /** Counts a request that is not as the schema of Magento has it, and was let through. */
  readonly contractViolated: (integration: string, route: string) => void
  /** Counts an answer of Magento that is not as its schema has it. */
  readonly answerDrifted: (integration: string, route: string) => void
  /** Counts a request that a limit refused, or that it would have refused. */
  readonly limitExceeded: (integration: string, limit: string, isEnforced: boolean) => void
  /** Of what is held back from Magento. */
  readonly gate: GateMetrics
  /** Of the public listener. */
  readonly connections: ConnectionMetrics
  /** Where other parts add what they count. */
  readonly registry: Registry
  /** Prometheus text format 0.0.4. */
  readonly text: () => Promise<string>
  readonly contentType: string
}

/** The series that one kind of request counts on. */
interface LabelledChildren {
  readonly requests: Counter.Internal
  readonly duration: Histogram.Internal<'integration'>
  readonly upstreamDuration: Histogram.Internal<'integration'>
  readonly keyUses: Counter.Internal | undefined
  readonly cacheUses: Counter.Internal | undefined
}

const buckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 90]

/** Label values come from the configuration and from our own codes only, so their set is bounded. */
export function openMetrics(): Metrics {
  const registry = new Registry()
  const registers = [registry]
  const requests = new Counter({
    name: 'magegate_requests_total',
    help: 'Requests by verified integration, granted route, status and code of the refusal.',
    labelNames: ['integration', 'route', 'status', 'code'] as const,
    registers,
  })
  const duration = new Histogram({
    name: 'magegate_request_duration_seconds',
    help: 'From the arrival of a request to the end of its answer.',
    labelNames: ['integration'] as const,
    buckets,
    registers,
  })
  const upstreamDuration = new Histogram({
    name: 'magegate_upstream_duration_seconds',
    help: 'The share of it that Magento took.',
    labelNames: ['integration'] as const,
    buckets,
    registers,
  })
  const keyUses = new Counter({
    name: 'magegate_signature_key_uses_total',
    help: 'Requests by the key or secret that verified their signature.',
    labelNames: ['integration', 'key'] as const,
    registers,
  })
  const cacheUses = new Counter({
    name: 'magegate_cache_requests_total',
    help: 'Requests of cached routes by what the cache had to do with them.',
    labelNames: ['route', 'result'] as const,
    registers,
  })
  const cacheWaiting = new Gauge({
    name: 'magegate_cache_waiting_requests',
    help: 'Requests of cached routes that wait for an answer of Magento, each its own or that of another.',
    registers,
  })
  const auditFailures = new Counter({
    name: 'magegate_audit_failures_total',
    help: 'Attempts to write to the audit trail that failed.',
    registers,
  })
  let auditWaiting = () => 0
  new Gauge({
    name: 'magegate_audit_waiting_records',
    help: 'Requests that are over and whose record is not written yet.',
    registers,
    collect() {
      this.set(auditWaiting())
    },
  })
  const config = openConfigMetrics(registers)
  const contractViolations = new Counter({
    name: 'magegate_contract_violations_total',
    help: 'Requests off the schema of Magento that were only reported.',
    labelNames: ['integration', 'route'] as const,
    registers,
  })
  const answerDrifts = new Counter({
    name: 'magegate_answer_drift_total',
    help: 'Answers of Magento that are not as its schema has them.',
    labelNames: ['integration', 'route'] as const,
    registers,
  })
  const limitsExceeded = new Counter({
    name: 'magegate_limit_exceeded_total',
    help: 'Requests beyond a limit, by whether it is enforced or only reported.',
    labelNames: ['integration', 'limit', 'mode'] as const,
    registers,
  })
  // To find a labelled child costs more than to count on it; there are as many as label values.
  const children = new Map<string, LabelledChildren>()
  function childrenOf(record: AuditRecord): LabelledChildren {
    const { integration = 'none', route = 'none', code = 'none', keyId, cache } = record
    const status = String(record.status)
    // None of them can hold a line feed.
    const key = `${integration}\n${route}\n${status}\n${code}\n${keyId}\n${cache}`
    let found = children.get(key)
    if (found === undefined) {
      found = {
        requests: requests.labels({ integration, route, status, code }),
        duration: duration.labels({ integration }),
        upstreamDuration: upstreamDuration.labels({ integration }),
        keyUses: keyId === undefined ? undefined : keyUses.labels({ integration, key: keyId }),
        cacheUses: cache && cacheUses.labels({ route, result: cache }),
      }
      children.set(key, found)
    }
    return found
  }

  return {
    observe: (record) => {
      const own = childrenOf(record)
      own.requests.inc()
      own.keyUses?.inc()
      own.cacheUses?.inc()
      own.duration.observe(record.durationMs / 1000)
      if (record.upstreamMs !== undefined) own.upstreamDuration.observe(record.upstreamMs / 1000)
    },
    auditFailed: () => auditFailures.inc(),
    cacheWaiting: (change) => cacheWaiting.inc(change),
    gaugeAuditWaiting: (waiting) => {
      auditWaiting = waiting
    },
    ...config,
    answerDrifted: (integration, route) => answerDrifts.inc({ integration, route }),
    contractViolated: (integration, route) => contractViolations.inc({ integration, route }),
    limitExceeded: (integration, limit, isEnforced) =>
      limitsExceeded.inc({ integration, limit, mode: isEnforced ? 'enforced' : 'reported' }),
    gate: gateMetrics(registry),
    connections: connectionMetrics(registry),
    registry,
    text: () => registry.metrics(),
    contentType: registry.contentType,
  }
}
