import assert from 'node:assert/strict'
import { prepareAuditRecord } from '../../src/record/audit-record.ts'

/** Builds the record of a request, without hashes of tokens and without bodies. */
export const buildRecord = prepareAuditRecord({
  hashToken: () => '',
  showBody: () => '',
  onUnbuilt: (_, error) => assert.ifError(error),
})
