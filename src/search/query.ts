import type { IndexedField } from '../record/segment-index.ts'

/** A record as a search reads it. */
export type FoundRecord = Readonly<Record<string, unknown>>

/** What is searched for: every condition holds. */
export interface Query {
  /** Fields and the value that each has, or has among its values. */
  readonly equal: ReadonlyMap<IndexedField, string>
  /** Milliseconds since the epoch; the first one included, the last one not. */
  readonly fromMs: number
  readonly toMs: number
}

/** Whether a record is one that is searched for. */
export function matches({ equal, fromMs, toMs }: Query, record: FoundRecord): boolean {
  const timeMs = Date.parse(String(record.time))
  if (!(timeMs >= fromMs && timeMs < toMs)) return false
  for (const [field, value] of equal) {
    const actual = record[field]
    const isEqual = Array.isArray(actual) ? actual.includes(value) : String(actual) === value
    if (!isEqual) return false
  }
  return true
}

/**
 * Bytes that every record has that is searched for, the rarest that there are; undefined when only
 * the time decides.
 */
export function needleOf({ equal }: Query): Buffer | undefined {
  // The fields stand in the order of how few records have the same value.
  for (const [field, value] of equal) {
    return Buffer.from(field === 'status' ? `"status":${value}` : JSON.stringify(value))
  }
  return undefined
}
