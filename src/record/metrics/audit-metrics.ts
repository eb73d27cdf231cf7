import type { Registry } from 'prom-client'
import { eventCounter, watchedGauge } from './tally.ts'

/** What the recorder knows about records that have not been written yet. */
export interface AuditBacklog {
  readonly waiting: () => number
  /** Milliseconds. */
  readonly lagMs: () => number
}

/** Metrics of the audit trail. */
export interface AuditMetrics {
  /** Counts a failed attempt to write. */
  readonly failed: () => void
  readonly watch: (backlog: AuditBacklog) => void
}

/** Registers the metrics of the audit trail. */
export function auditMetrics(registry: Registry): AuditMetrics {
  const watchWaiting = watchedGauge(registry, {
    name: 'magegate_audit_waiting_records',
    help: 'Requests that have ended and whose records are not written yet.',
  })
  const watchLag = watchedGauge(registry, {
    name: 'magegate_audit_lag_seconds',
    help: 'How long the current batch of records has been under way to the disk.',
  })
  return {
    failed: eventCounter(registry, {
      name: 'magegate_audit_failures_total',
      help: 'Failures of the audit trail: what could not be written in time, checkpoints that did not arrive at a second place, records that were missing at the start.',
    }),
    watch: ({ waiting, lagMs }) => {
      watchWaiting(waiting)
      watchLag(() => lagMs() / 1000)
    },
  }
}
