import type { Occasion } from '../forward/upstream-request.ts'
import type { Job } from '../jobs/job.ts'
import { type AuditRecord, milliseconds } from './audit-record.ts'

/** The record of the end of a job, with the request id of the request that became it. */
export function jobRecord(job: Job, upstream: Occasion['upstream'], nowMs: number): AuditRecord {
  const { owner, answer, failure, endedAtMs = nowMs } = job
  return {
    v: 1,
    time: new Date(endedAtMs).toISOString(),
    event: 'job-ended',
    requestId: job.requestId,
    traceId: job.traceId,
    integration: owner,
    method: job.method,
    // Empty for a route that is not granted, where that is only reported.
    route: job.route || undefined,
    status: answer?.status ?? 0,
    code: failure?.code,
    reason: `job ${job.state}`,
    // Two processes may be involved, so these are wall-clock times, and the clock may have been set back.
    durationMs: Math.max(0, endedAtMs - job.acceptedAtMs),
    upstreamMs: upstream?.durationMs && milliseconds(upstream.durationMs),
    upstreamStatus: answer?.status ?? upstream?.status,
    bytesIn: 0,
    bytesOut: 0,
    jobIds: [job.id],
  }
}
