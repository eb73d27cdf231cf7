import { resolve } from 'node:path'
import type { AuditRecord } from '../../record/audit-record.ts'
import type { Query } from '../../search/query.ts'
import { searchTrail } from '../../search/search-trail.ts'
import { trailFiles } from '../../verify/trail-files.ts'
import { Unreadable } from './unreadable.ts'

const hint = 'if its path is relative, run this where the gateway was started'

/**
 * Finds the record of a request in an audit trail, including the files that rotation has put aside.
 * @returns the latest one if several have the id
 * @throws {Unreadable} when there is none, or a file cannot be read
 */
export async function findRecord(file: string, requestId: string): Promise<AuditRecord> {
  const query: Query = {
    equal: new Map([['requestId', requestId]]),
    fromMs: Number.NEGATIVE_INFINITY,
    toMs: Number.POSITIVE_INFINITY,
  }
  const path = resolve(file)
  let found: unknown
  try {
    const files = trailFiles(file)
    if (files.length === 0) throw new Unreadable(`there is no audit trail ${path}; ${hint}`)
    for await (const record of searchTrail(files, query, () => undefined)) {
      // Not the end of the job that it became, or of its call-back.
      if (record.event === undefined) found = record
    }
  } catch (error) {
    if (error instanceof Unreadable) throw error
    throw new Unreadable(`the audit trail ${path} cannot be read: ${(error as Error).message}`)
  }
  if (found !== undefined) return found as AuditRecord
  throw new Unreadable(`the audit trail ${file} has no record of this request id`)
}
