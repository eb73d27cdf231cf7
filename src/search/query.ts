import type { IndexedField } from '../record/segment-index.ts'
import { asComparedByDatabase } from '../syntax/database-text.ts'

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
    const isEqual = Array.isArray(actual)
      ? actual.some(isMeantBy(field, value))
      : String(actual) === value
    if (!isEqual) return false
  }
  return true
}

/** Whether a value is the one that is searched for: of an SKU, whether it is that to Magento. */
function isMeantBy(field: IndexedField, value: string): (actual: unknown) => boolean {
  if (field !== 'skus') return (actual) => actual === value
  const sku = asComparedByDatabase(value)
  return (actual) => asComparedByDatabase(String(actual)) === sku
}

/** What tells at little cost that a line is none that is searched for. */
export interface LineFilter {
  /** Bytes that every line has that may be. */
  readonly needle: Buffer
  /** Looks closer at a line that has them. */
  readonly mayMatch: (line: Buffer) => boolean
}

/** Filters by what the fewest records have; undefined when only the time decides. */
export function lineFilterOf({ equal }: Query): LineFilter | undefined {
  // The fields stand in the order of how few records have the same value.
  for (const [field, value] of equal) {
    if (field === 'skus') return skuFilter(value)
    const text = field === 'status' ? `"status":${value}` : JSON.stringify(value)
    return { needle: Buffer.from(text), mayMatch: () => true }
  }
  return undefined
}

/** As Magento takes several spellings for one SKU, the list of each line is read. */
function skuFilter(value: string): LineFilter {
  const needle = Buffer.from('"skus":[')
  const written = JSON.stringify(asComparedByDatabase(value)).slice(1, -1)
  return {
    needle,
    mayMatch: (line) => {
      const begin = line.indexOf(needle) + needle.length - 1
      const text = line.toString('latin1', begin, endOfList(line, begin))
      return !ascii.test(text) || text.toLowerCase().includes(written)
    },
  }
}

const ascii = /^[\u0020-\u007f]*$/
const quote = 0x22
const backslash = 0x5c
const closeBracket = 0x5d

/** Where a list of texts ends, behind its bracket. */
function endOfList(line: Buffer, begin: number): number {
  let isText = false
  for (let at = begin; at < line.length; at += 1) {
    const byte = line[at]
    if (byte === quote) isText = !isText
    else if (byte === backslash) at += 1
    else if (byte === closeBracket && !isText) return at + 1
  }
  return line.length
}
