import { createReadStream, existsSync } from 'node:fs'
import { open, readFile, stat } from 'node:fs/promises'
import { gunzipSync, zstdDecompressSync } from 'node:zlib'
import { indexFileOf } from '../record/trail/segment-files.ts'
import { readIndex, type SegmentIndex } from '../record/trail/segment-index.ts'
import { decompress } from '../verify/decompress.ts'
import { namingFile } from '../verify/naming-file.ts'
import type { Query } from './query.ts'

/** Whole lines of a file, or what follows the last of them, and how much of the file has been read. */
export interface LineBlock {
  readonly bytes: Buffer
  /** From 0 to 1. */
  readonly done: number
}

/**
 * Reads a file of a trail in blocks of whole lines. If it has an index, only blocks that may contain matching records
 * are read.
 * @throws {Error} when it cannot be read
 */
export function readBlocks(file: string, query: Query): AsyncGenerator<LineBlock> {
  return namingFile(file, blocksOf(file, query))
}

async function* blocksOf(file: string, query: Query): AsyncGenerator<LineBlock> {
  const indexFile = indexFileOf(file)
  const index = existsSync(indexFile) ? readIndex(await readFile(indexFile)) : undefined
  const isOfFile = index !== undefined && endOf(index) === (await stat(file)).size
  yield* isOfFile ? readSome(file, index, query) : readAll(file)
}

/** The length of the file that an index belongs to, which tells the two apart if compression was interrupted. */
function endOf({ blocks }: SegmentIndex): number {
  const { offset = 0, length = 0 } = blocks.at(-1) ?? {}
  return offset + length
}

async function* readSome(
  file: string,
  index: SegmentIndex,
  query: Query,
): AsyncGenerator<LineBlock> {
  const wanted = candidates(index, query)
  if (wanted.length === 0) return
  const decompressBlock = file.endsWith('.gz')
    ? gunzipSync
    : file.endsWith('.zst')
      ? zstdDecompressSync
      : undefined
  await using handle = await open(file)
  for (const [at, number] of wanted.entries()) {
    const block = index.blocks[number]
    if (block === undefined) continue
    const bytes = Buffer.alloc(block.length)
    const { bytesRead } = await handle.read(bytes, 0, block.length, block.offset)
    // What is missing would be taken for a block without records.
    if (bytesRead < block.length) throw new Error('it ends before a block of its index does')
    yield { bytes: decompressBlock?.(bytes) ?? bytes, done: (at + 1) / wanted.length }
  }
}

/** The numbers of the blocks that may contain matching records. */
function candidates({ blocks, blocksWith }: SegmentIndex, query: Query): number[] {
  const sets = [...query.equal].map(([field, value]) => blocksWith(field, value))
  return [...blocks.keys()].filter((number) => {
    const block = blocks[number]
    if (block === undefined || block.toMs < query.fromMs || block.fromMs >= query.toMs) return false
    return sets.every((set) => set.has(number))
  })
}

const chunkBytes = 1_048_576

async function* readAll(file: string): AsyncGenerator<LineBlock> {
  const { size } = await stat(file)
  const source = createReadStream(file, { highWaterMark: chunkBytes })
  // Joined only where a line ends: damage can leave many mebibytes without any line feed.
  let rest: Buffer[] = []
  for await (const chunk of decompress(file, source)) {
    const bytes = chunk as Buffer
    const end = bytes.lastIndexOf(0x0a) + 1
    if (end > 0) {
      const lines = Buffer.concat([...rest, bytes.subarray(0, end)])
      rest = []
      yield { bytes: lines, done: source.bytesRead / size }
    }
    if (end < bytes.length) rest.push(bytes.subarray(end))
  }
  // It may be a record that lacks only its line feed.
  if (rest.length > 0) yield { bytes: Buffer.concat(rest), done: 1 }
}
