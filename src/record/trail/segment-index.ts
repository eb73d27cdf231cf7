import { asComparedByDatabase } from '../../syntax/database-text.ts'
import { parseJson } from '../../syntax/parse-json.ts'

/*
 * The index of a segment, which is a file that rotation has put aside, tells which blocks of it may contain a value.
 * It consists of a line of JSON, padded to a multiple of eight bytes, and a sorted list of pairs of little-endian 32-bit
 * numbers: the hash of a field and value, and the number of a block. If two values have the same hash, the only cost is
 * that a block is searched in vain.
 */

/** A sequence of whole lines that is compressed by itself. */
export interface SegmentBlock {
  /** Where it begins in the file, in bytes; in the compressed file if it is compressed. */
  readonly offset: number
  readonly length: number
  /** The earliest and latest `time` of its lines, in milliseconds since the epoch. */
  readonly fromMs: number
  readonly toMs: number
}

/** The index of a segment. */
export interface SegmentIndex {
  readonly blocks: readonly SegmentBlock[]
  /** Numbers of the blocks in which a field may have a value. */
  readonly blocksWith: (field: IndexedField, value: string) => ReadonlySet<number>
}

/** The fields of a record whose values are indexed. */
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

/** One of the fields that are indexed. */
export type IndexedField = (typeof indexedFields)[number]

/** Collects the contents of an index. */
export interface IndexBuilder {
  /** Adds a line to the current block. */
  readonly addLine: (record: Readonly<Record<string, unknown>>) => void
  /** Ends the current block, which has this place in the file. */
  readonly endBlock: (offset: number, length: number) => void
  readonly bytes: () => Buffer
}

/** Builds the index of one segment. */
export function indexBuilder(): IndexBuilder {
  const blocks: SegmentBlock[] = []
  // As numbers of 32 bits: with 10,000 SKUs in each record, there are millions of them.
  const hashesOf: Uint32Array[] = []
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
      hashesOf.push(Uint32Array.from(hashes))
      blocks.push({ offset, length, fromMs, toMs })
      hashes = new Set()
      fromMs = Number.POSITIVE_INFINITY
      toMs = Number.NEGATIVE_INFINITY
    },
    bytes: () => {
      const count = hashesOf.reduce((sum, { length }) => sum + length, 0)
      const head = JSON.stringify({ v: version, blocks, pairs: count })
      const padded = `${head}${' '.repeat(7 - (Buffer.byteLength(head) % 8))}\n`
      const bytes = Buffer.alloc(padded.length + count * 8)
      bytes.write(padded)
      // Sorted and written in the place where they end up.
      const pairs = new BigUint64Array(bytes.buffer, padded.length, count)
      let at = 0
      for (const [block, each] of hashesOf.entries()) {
        for (const hash of each) pairs[at++] = (BigInt(hash) << 32n) | BigInt(block)
      }
      pairs.sort()
      for (const [index, pair] of pairs.entries()) {
        bytes.writeUInt32LE(Number(pair >> 32n), padded.length + index * 8)
        bytes.writeUInt32LE(Number(pair & 0xffff_ffffn), padded.length + index * 8 + 4)
      }
      return bytes
    },
  }
}

/** Reads an index; undefined if the bytes are not a complete index of the current version. */
export function readIndex(bytes: Buffer): SegmentIndex | undefined {
  const end = bytes.indexOf(0x0a)
  const head = (parseJson(bytes.toString('utf8', 0, end)) ?? {}) as Readonly<
    Record<string, unknown>
  >
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

/** Changes whenever the hashes do. A segment whose index has another version is searched as a whole. */
const version = 4

/** The 32-bit FNV-1a hash over the UTF-16 units of `field=value`, the same for SKUs that are the same to Magento. */
function hashOf(field: IndexedField, value: string): number {
  let hash = 0x811c9dc5
  const text = `${field}=${field === 'skus' ? asComparedByDatabase(value) : value}`
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193)
  }
  return hash >>> 0
}
