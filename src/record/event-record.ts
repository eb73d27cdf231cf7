import type { AuditRecord } from './audit-record.ts'

/** What records have in common that are of no request: nothing of what only a request has. */
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
  orderIds: undefined,
  tokenHash: undefined,
  keyId: undefined,
  signature: undefined,
  headers: undefined,
  requestBody: undefined,
  answerBody: undefined,
} as const satisfies Partial<AuditRecord>
