import type { AuditRecord } from './audit-record.ts'

/**
 * The part that is common to all records that are not about a request, or about one of which little can be told: fields
 * that only requests have are empty.
 */
export const eventRecord = {
  v: 1,
  claimed: undefined,
  clientIp: undefined,
  path: undefined,
  query: undefined,
  code: undefined,
  policy: undefined,
  upstreamMs: undefined,
  upstreamStatus: undefined,
  bytesIn: 0,
  bytesOut: 0,
  bodySha256: undefined,
  cache: undefined,
  reportedLimits: undefined,
  reported: undefined,
  skus: undefined,
  productIds: undefined,
  orderIds: undefined,
  subjectsLeftOut: undefined,
  tokenHash: undefined,
  keyId: undefined,
  signature: undefined,
  headers: undefined,
  requestBody: undefined,
  answerBody: undefined,
} as const satisfies Partial<AuditRecord>
