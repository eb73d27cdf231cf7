import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs'
import { workerData } from 'node:worker_threads'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import type { TrailRotation } from '../audit-settings.ts'
import { indexFileOf, segmentEndings } from './segment-files.ts'
import { indexBuilder } from './segment-index.ts'

/** What the worker thread does to a segment. A thread of its own makes no request wait for it. */
export interface SegmentTask {
  readonly file: string
  readonly compress: TrailRotation['compress']
}

const blockBytes = 1_048_576
const compressors = {
  none: { suffix: '', compress: (block: Buffer) => block },
  gzip: { suffix: '.gz', compress: (block: Buffer) => gzipSync(block) },
  zstd: { suffix: '.zst', compress: (block: Buffer) => zstdCompressSync(block) },
}

/**
 * Compresses a segment block by block, and writes its index next to it. Each file gets its final name only when it is
 * complete and synced, and the original segment is deleted last.
 */
function finishSegment({ file, compress: kind }: SegmentTask): void {
  const { suffix, compress } = compressors[kind]
  const index = indexBuilder()
  const source = openSync(file, 'r')
  const aim = kind === 'none' ? undefined : openSync(`${file}.tmp`, 'w', 0o640)
  let offset = 0
  for (const block of readBlocks(source)) {
    for (const line of block.toString('utf8').split('\n')) {
      try {
        index.addLine(JSON.parse(line) as Record<string, unknown>)
      } catch {
        // A line that was cut off is kept in the segment, but not indexed.
      }
    }
    const written = compress(block)
    if (aim !== undefined) writeAll(aim, written)
    index.endBlock(offset, written.length)
    offset += written.length
  }
  closeSync(source)
  if (aim !== undefined) {
    fsyncSync(aim)
    closeSync(aim)
  }
  const indexFile = indexFileOf(file)
  const indexAim = openSync(`${indexFile}.tmp`, 'w', 0o640)
  writeAll(indexAim, index.bytes())
  fsyncSync(indexAim)
  closeSync(indexAim)
  if (aim !== undefined) renameSync(`${file}.tmp`, `${file}${suffix}`)
  renameSync(`${indexFile}.tmp`, indexFile)
  // Also what is left of another compression that was interrupted. The original hides all other forms, so it goes last.
  for (const ending of segmentEndings.toReversed()) {
    if (ending !== suffix) rmSync(`${file}${ending}`, { force: true })
  }
}

/** Reads a file in blocks of whole lines, of about a mebibyte each. */
function* readBlocks(fd: number): Generator<Buffer> {
  let rest: Buffer = Buffer.alloc(0)
  for (;;) {
    const next = Buffer.alloc(blockBytes)
    const read = readSync(fd, next)
    if (read === 0) break
    const bytes = Buffer.concat([rest, next.subarray(0, read)])
    const end = bytes.lastIndexOf(0x0a) + 1
    rest = bytes.subarray(end)
    if (end > 0) yield bytes.subarray(0, end)
  }
  if (rest.length > 0) yield rest
}

function writeAll(fd: number, bytes: Buffer): void {
  for (let written = 0; written < bytes.length; ) written += writeSync(fd, bytes, written)
}

const task = workerData as SegmentTask
try {
  finishSegment(task)
} catch (error) {
  // It may have been deleted before its turn, where few files are kept.
  if (existsSync(task.file)) throw error
} finally {
  // After a failure, as on a full disk, they would only take space: the segment stays as it is.
  for (const file of [task.file, indexFileOf(task.file)]) rmSync(`${file}.tmp`, { force: true })
}
