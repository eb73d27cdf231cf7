import type { Occasion } from '../forward/upstream-exchange.ts'
import type { Job } from '../jobs/job.ts'
import type { AuditRecord } from './audit-record.ts'

/** The record of the end of a job, with the request id of the request that became it. */
export function jobRecord(job: Job, upstream: Occasion['upstream'], nowMs: number): AuditRecord {
  const { owner, answer, failure, endedAtMs = nowMs } = job
  return {
    v: 1,
    event: 'job-ended',
    time: new Date(endedAtMs).toISOString(),
    requestId: job.requestId,
    traceId: job.traceId,
    integration: owner,
    claimed: undefined,
    clientIp: undefined,
    method: job.method,
    route: job.route,
    path: undefined,
    query: undefined,
    status: answer?.status ?? 0,
    code: failure?.code,
    reason: `job ${job.state}`,
    policy: undefined,
    durationMs: endedAtMs - job.acceptedAtMs,
    upstreamMs: upstream?.durationMs,
    upstreamStatus: answer?.status ?? upstream?.status,
    bytesIn: 0,
    bytesOut: 0,
    bodySha256: undefined,
    reportedLimits: undefined,
    skus: undefined,
    orderIds: undefined,
    jobIds: [job.id],
    tokenHash: undefined,
    keyId: undefined,
    signature: undefined,
    headers: undefined,
    requestBody: undefined,
    answerBody: undefined,
  }
}
