import type { Job } from '../../src/jobs/job.ts'

/** A job of `acme-erp` that went well. */
export const endedJob: Job = {
  id: '0d0a6a1e-3c57-4c8e-9d0e-5d6a5f1f7c11',
  owner: 'acme-erp',
  requestId: '7e6a4b1c-90d1-4c8e-8f0e-5d6a5f1f7c22',
  traceId: '7e6a4b1c90d14c8e8f0e5d6a5f1f7c22',
  traceFlags: '01',
  method: 'POST',
  route: 'POST /V1/products',
  acceptedAtMs: Date.parse('2026-11-28T09:00:00Z'),
  expiresAtMs: Date.parse('2026-11-29T09:00:00Z'),
  state: 'done',
  attempts: 2,
  startedAtMs: Date.parse('2026-11-28T09:00:01Z'),
  endedAtMs: Date.parse('2026-11-28T09:00:05Z'),
  answer: { status: 200, contentType: 'application/json', body: Buffer.from('{}') },
}
