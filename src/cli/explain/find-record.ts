import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import type { AuditRecord } from '../../record/audit-record.ts'
import { rotatedFiles } from '../../record/line-file.ts'
import { Unreadable } from './unreadable.ts'

/**
 * Finds the record of a request in an audit trail, and in the files that rotation has put aside.
 * @returns the latest, where several have the id
 * @throws {Unreadable} when there is none, or a file cannot be read
 */
export async function findRecord(file: string, requestId: string): Promise<AuditRecord> {
  for (const each of [file, ...asideFiles(file).reverse()]) {
    const record = await findInFile(each, requestId)
    if (record !== undefined) return record
  }
  throw new Unreadable(`the audit trail ${file} has no record of this request id`)
}

function asideFiles(file: string): string[] {
  try {
    return rotatedFiles(file)
  } catch {
    throw new Unreadable(`the audit trail ${file} cannot be read`)
  }
}

async function findInFile(file: string, requestId: string): Promise<AuditRecord | undefined> {
  let found: AuditRecord | undefined
  try {
    for await (const line of createInterface({ input: createReadStream(file) })) {
      // To search a line is far cheaper than to parse it.
      if (!line.includes(requestId)) continue
      const record = parseRecord(line)
      if (record?.requestId === requestId) found = record
    }
  } catch {
    throw new Unreadable(`the audit trail ${file} cannot be read`)
  }
  return found
}

/** A line that was cut off by a full disk is none. */
function parseRecord(line: string): AuditRecord | undefined {
  try {
    return JSON.parse(line) as AuditRecord
  } catch {
    return undefined
  }
}
