import type { IndexedField } from '../record/segment-index.ts'
import { asComparedByDatabase } from '../syntax/database-text.ts'

/** A record as read from the trail. */
export type FoundRecord = Readonly<Record<string, unknown>>

/** What is searched for: records that meet all conditions. */
export interface Query {
  /** The value that a field has, or has among its values. */
  readonly equal: ReadonlyMap<IndexedField, string>
  /** Milliseconds since the epoch; the beginning is included, the end is not. */
  readonly fromMs: number
  readonly toMs: number
}

/** Whether a record meets all conditions. */
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

/** Compiles the comparison with a value. SKUs are compared as Magento does. */
function isMeantBy(field: IndexedField, value: string): (actual: unknown) => boolean {
  if (field !== 'skus') return (actual) => actual === value
  const sku = asComparedByDatabase(value)
  return (actual) => asComparedByDatabase(String(actual)) === sku
}

/** A cheap way to rule out most lines that are not searched for. */
export interface LineFilter {
  /** Bytes that every matching line contains. */
  readonly needle: Buffer
  /** Takes a closer look at a line that contains them. */
  readonly mayMatch: (line: Buffer) => boolean
}

/** The filter for the most selective condition; undefined if there are only conditions on the time. */
export function lineFilterOf({ equal }: Query): LineFilter | undefined {
  // The most selective field comes first.
  for (const [field, value] of equal) {
    if (field === 'skus') return skuFilter(value)
    const text = field === 'status' ? `"status":${value}` : JSON.stringify(value)
    return { needle: Buffer.from(text), mayMatch: () => true }
  }
  return undefined
}

/** Reads the list of SKUs in each line, since several spellings are the same SKU to Magento. */
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

/** The index after the closing bracket of a list of strings. */
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
