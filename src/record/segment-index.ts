import { asComparedByDatabase } from '../syntax/database-text.ts'

/*
 * What an index tells of a segment, a file that rotation has put aside: in which of its blocks a value
 * may stand. A line of JSON, filled up to a multiple of four bytes, then pairs of 32-bit numbers, little
 * endian, sorted: hash of field and value, number of the block. Two values with one hash cost a look at a
 * block in vain, and nothing else.
 */

/** A run of whole lines that is compressed by itself. */
export interface SegmentBlock {
  /** In the file as it is, compressed or not; bytes. */
  readonly offset: number
  readonly length: number
  /** Earliest and latest `time` of its lines, milliseconds since the epoch. */
  readonly fromMs: number
  readonly toMs: number
}

/** The index of a segment. */
export interface SegmentIndex {
  readonly blocks: readonly SegmentBlock[]
  /** Numbers of the blocks in which a field may have a value. */
  readonly blocksWith: (field: IndexedField, value: string) => ReadonlySet<number>
}

/** Fields of a record whose values are looked up in an index. */
export const indexedFields = [
  'requestId',
  'skus',
  'orderIds',
  'jobIds',
  'integration',
  'route',
  'code',
  'status',
] as const

/** A field that an index knows. */
export type IndexedField = (typeof indexedFields)[number]

/** Collects what an index tells. */
export interface IndexBuilder {
  /** Takes note of a line of the block that is being made. */
  readonly addLine: (record: Readonly<Record<string, unknown>>) => void
  /** Ends the block. */
  readonly endBlock: (offset: number, length: number) => void
  readonly bytes: () => Buffer
}

/** Builds the index of one segment. */
export function indexBuilder(): IndexBuilder {
  const blocks: SegmentBlock[] = []
  const pairs: bigint[] = []
  let hashes = new Set<number>()
  let fromMs = Number.POSITIVE_INFINITY
  let toMs = Number.NEGATIVE_INFINITY
  return {
    addLine: (record) => {
      const timeMs = Date.parse(String(record.time))
      if (timeMs < fromMs) fromMs = timeMs
      if (timeMs > toMs) toMs = timeMs
      for (const field of indexedFields) {
        const value = record[field]
        if (Array.isArray(value)) for (const each of value) hashes.add(hashOf(field, String(each)))
        else if (value !== undefined) hashes.add(hashOf(field, String(value)))
      }
    },
    endBlock: (offset, length) => {
      const block = BigInt(blocks.length)
      for (const hash of hashes) pairs.push((BigInt(hash) << 32n) | block)
      blocks.push({ offset, length, fromMs, toMs })
      hashes = new Set()
      fromMs = Number.POSITIVE_INFINITY
      toMs = Number.NEGATIVE_INFINITY
    },
    bytes: () => {
      const sorted = BigUint64Array.from(pairs).sort()
      const head = JSON.stringify({ v: version, blocks, pairs: sorted.length })
      const padded = `${head}${' '.repeat(3 - (Buffer.byteLength(head) % 4))}\n`
      const body = Buffer.alloc(sorted.length * 8)
      for (const [index, pair] of sorted.entries()) {
        body.writeUInt32LE(Number(pair >> 32n), index * 8)
        body.writeUInt32LE(Number(pair & 0xffff_ffffn), index * 8 + 4)
      }
      return Buffer.concat([Buffer.from(padded), body])
    },
  }
}

/** Reads an index; undefined when it is none, or was cut off. */
export function readIndex(bytes: Buffer): SegmentIndex | undefined {
  const end = bytes.indexOf(0x0a)
  let head: { readonly v?: unknown; readonly blocks?: unknown; readonly pairs?: unknown }
  try {
    head = JSON.parse(bytes.toString('utf8', 0, end)) as typeof head
  } catch {
    return undefined
  }
  const body = bytes.subarray(end + 1)
  const count = Math.floor(body.length / 8)
  const { v, blocks, pairs = count } = head
  if (v !== version || !Array.isArray(blocks) || pairs !== count) return undefined
  return {
    blocks: blocks as SegmentBlock[],
    blocksWith: (field, value) => {
      const hash = hashOf(field, value)
      let low = 0
      for (let high = count; low < high; ) {
        const middle = (low + high) >>> 1
        if (body.readUInt32LE(middle * 8) < hash) low = middle + 1
        else high = middle
      }
      const found = new Set<number>()
      for (; low < count && body.readUInt32LE(low * 8) === hash; low += 1) {
        found.add(body.readUInt32LE(low * 8 + 4))
      }
      return found
    },
  }
}

/** Of indexes with other hashes; a file with one of those is read whole. */
const version = 2

/** FNV-1a, 32 bits, over the UTF-16 units of `field=value`; SKUs that are one to Magento have one hash. */
function hashOf(field: IndexedField, value: string): number {
  let hash = 0x811c9dc5
  const text = `${field}=${field === 'skus' ? asComparedByDatabase(value) : value}`
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193)
  }
  return hash >>> 0
}
