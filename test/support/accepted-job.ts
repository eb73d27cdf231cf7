import type { AcceptedJob } from '../../src/jobs/job.ts'

/** A job of `acme-erp` as it is accepted now. */
export function acceptedJob(id: string, more: Partial<AcceptedJob> = {}): AcceptedJob {
  return {
    id,
    owner: 'acme-erp',
    requestId: `request of ${id}`,
    traceId: '0af7651916cd43dd8448eb211c80319c',
    traceFlags: '01',
    method: 'POST',
    route: 'POST /V1/products',
    acceptedAtMs: Date.now(),
    expiresAtMs: Date.now() + 60_000,
    ...more,
  }
}
