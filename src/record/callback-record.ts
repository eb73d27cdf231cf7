import type { CallbackEnd } from '../callbacks/deliver-callback.ts'
import { type AuditRecord, milliseconds } from './audit-record.ts'

/**
 * The record of a call-back that was delivered or given up. Its request id is that of the request that created the job.
 * @param nowMs milliseconds since the epoch
 */
export function callbackRecord(end: CallbackEnd, nowMs: number): AuditRecord {
  const { owner, jobId, requestId, traceId, route, outcome, status, reason, sendings } = end
  const said = reason === undefined ? outcome : `${outcome}: ${reason}`
  return {
    v: 1,
    time: new Date(nowMs).toISOString(),
    event: 'callback-ended',
    requestId,
    traceId,
    integration: owner,
    method: 'POST',
    // Empty for a route that is not granted, where that is only reported.
    route: route || undefined,
    status: status ?? 0,
    reason: `${said}, ${sendings} sent`,
    durationMs: milliseconds(end.durationMs),
    bytesIn: 0,
    bytesOut: Buffer.byteLength(end.payload),
    jobIds: [jobId],
  }
}
