import { isAscii } from 'node:buffer'
import type { IndexedField } from '../record/trail/segment-index.ts'
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
    const actual = record[field] ?? []
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

/**
 * Looks through a block of lines for those that may match. The result gives the index of a byte of the next such line
 * from an index on, and Infinity after the last one.
 */
export type FindCandidates = (block: Buffer) => (begin: number) => number

/** Finds candidates by the most selective condition; undefined if there are only conditions on the time. */
export function candidatesOf({ equal }: Query): FindCandidates | undefined {
  // The most selective field comes first.
  for (const [field, value] of equal) {
    if (field === 'skus') return skuCandidates(value)
    const text = field === 'status' ? `"status":${value}` : JSON.stringify(value)
    const needle = Buffer.from(text)
    return (block) => onward((begin) => block.indexOf(needle, begin))
  }
  return undefined
}

/** Since several spellings are the same SKU to Magento, every line with characters beyond ASCII is a candidate. */
function skuCandidates(value: string): FindCandidates {
  // Ignoring case so is many times as fast as converting the text.
  const sku = RegExp.escape(JSON.stringify(asComparedByDatabase(value)).slice(1, -1))
  return (block) => {
    const text = block.toString('latin1')
    const find = (form: RegExp) =>
      onward((begin) => {
        form.lastIndex = begin
        return form.exec(text)?.index ?? -1
      })
    const withSku = find(new RegExp(sku, 'gi'))
    if (isAscii(block)) return withSku
    const withOther = find(/[^\0-\x7f]/g)
    return (begin) => Math.min(withSku(begin), withOther(begin))
  }
}

/** Searches again only after what was found last. */
function onward(find: (begin: number) => number): (begin: number) => number {
  let at = -1
  return (begin) => {
    if (at < begin) {
      const found = find(begin)
      at = found < 0 ? Number.POSITIVE_INFINITY : found
    }
    return at
  }
}
