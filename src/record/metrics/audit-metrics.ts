import type { Registry } from 'prom-client'
import { tallyCounter, watchedGauge } from './tally.ts'

/** What the recorder knows of records that are not written yet. */
export interface AuditBacklog {
  readonly waiting: () => number
  /** Milliseconds. */
  readonly lagMs: () => number
}

/** What is known of the audit trail. */
export interface AuditMetrics {
  /** Counts an attempt to write that failed. */
  readonly failed: () => void
  readonly watch: (backlog: AuditBacklog) => void
}

/** Shows whether the audit trail is written. */
export function auditMetrics(registry: Registry): AuditMetrics {
  const failures = tallyCounter(registry, {
    name: 'magegate_audit_failures_total',
    help: 'Attempts to write to the audit trail that failed.',
    labelNames: [],
  })({})
  const watchWaiting = watchedGauge(registry, {
    name: 'magegate_audit_waiting_records',
    help: 'Requests that are over and whose record is not written yet.',
  })
  const watchLag = watchedGauge(registry, {
    name: 'magegate_audit_lag_seconds',
    help: 'How long the records have been with the disk that are being written.',
  })
  return {
    failed: () => {
      failures.count += 1
    },
    watch: ({ waiting, lagMs }) => {
      watchWaiting(waiting)
      watchLag(() => lagMs() / 1000)
    },
  }
}
