import { hash } from 'node:crypto'
import { closeSync, fstatSync, openSync, readFileSync, readSync } from 'node:fs'
import { gunzipSync, zstdDecompressSync } from 'node:zlib'
import { type ChainHead, headOf } from './chain.ts'

/** Bytes that are not a line of the chain: a line that was cut off, or something that was added. */
export interface Cut {
  readonly bytes: number
  /** Hex. */
  readonly sha256: string
  /** Whether they end with a line feed. */
  readonly isEnded: boolean
}

/** How a file of chained lines ends. */
export interface FileEnd {
  /** The head after the last complete line; undefined when the file has none. */
  readonly head: ChainHead | undefined
  /** What follows that line, if anything does. */
  readonly cut: Cut | undefined
  /** Whether nothing is missing of the last complete line but its line feed. */
  readonly lacksFeed?: true
}

const lineFeed = 0x0a
const firstStepBytes = 65_536

/**
 * Finds the last complete line of a chain in a file, and what follows it. A line that lacks only its line feed is
 * complete: with the line feed that ends a fragment, it would be one. Reads no more of the file than it needs to.
 * @throws {Error} when the file cannot be read
 */
export function readFileEnd(file: string): FileEnd {
  const whole = readCompressed(file)
  if (whole !== undefined) return endOf(whole, true) ?? { head: undefined, cut: undefined }
  const fd = openSync(file, 'r')
  try {
    return readEndOf(fd)
  } finally {
    closeSync(fd)
  }
}

/**
 * The same for a file that is open for reading and not compressed.
 * @throws {Error} when it cannot be read
 */
export function readEndOf(fd: number): FileEnd {
  return readBackward(fd, endOf) ?? { head: undefined, cut: undefined }
}

/**
 * Looks for something at the end of a file that is open for reading: in its last bytes, then in more and more of
 * them until it is found or the whole file has been read.
 * @throws {Error} when it cannot be read
 */
export function readBackward<Found>(
  fd: number,
  find: (bytes: Buffer, isWholeFile: boolean) => Found | undefined,
): Found | undefined {
  const { size } = fstatSync(fd)
  for (let length = Math.min(firstStepBytes, size); ; length = Math.min(length * 8, size)) {
    const found = find(readLast(fd, size, length), length === size)
    if (found !== undefined || length === size) return found
  }
}

/**
 * The heads of the complete lines of a file with a number above `seq`, oldest first. Reads no more of the file
 * than it needs to.
 * @throws {Error} when the file cannot be read
 */
export function headsAfter(file: string, seq: number): ChainHead[] {
  const whole = readCompressed(file)
  if (whole !== undefined) return headsIn(whole).filter((head) => head.seq > seq)
  const fd = openSync(file, 'r')
  try {
    const found = readBackward(fd, (bytes, isWholeFile) => {
      // The first line may have begun before these bytes; then it is not recognised as one of the chain.
      const heads = headsIn(bytes)
      const first = heads[0]?.seq ?? Number.POSITIVE_INFINITY
      return first <= seq + 1 || isWholeFile ? heads.filter((head) => head.seq > seq) : undefined
    })
    return found ?? []
  } finally {
    closeSync(fd)
  }
}

/** The contents of a compressed segment, which is needed rarely enough to read it whole; undefined for other files. */
function readCompressed(file: string): Buffer | undefined {
  if (file.endsWith('.gz')) return gunzipSync(readFileSync(file))
  return file.endsWith('.zst') ? decompressFrames(readFileSync(file)) : undefined
}

/** Node 24 decompresses only the first frame, and says how far it read. */
function decompressFrames(bytes: Buffer): Buffer {
  const contents: Buffer[] = []
  for (let rest = bytes; rest.length > 0; ) {
    // Node's types do not cover the result with `info`.
    const { buffer, engine } = zstdDecompressSync(rest, { info: true }) as unknown as {
      readonly buffer: Buffer
      readonly engine: { readonly bytesWritten: number }
    }
    contents.push(buffer)
    rest = rest.subarray(engine.bytesWritten)
  }
  return Buffer.concat(contents)
}

function headsIn(bytes: Buffer): ChainHead[] {
  return bytes
    .toString('utf8')
    .split('\n')
    .flatMap((line) => headOf(line) ?? [])
}

function readLast(fd: number, size: number, length: number): Buffer {
  const bytes = Buffer.alloc(length)
  let read = 0
  while (read < length) {
    const got = readSync(fd, bytes, read, length - read, size - length + read)
    if (got === 0) break
    read += got
  }
  return bytes.subarray(0, read)
}

/** @returns undefined when the last complete line may begin before these bytes */
function endOf(bytes: Buffer, isWholeFile: boolean): FileEnd | undefined {
  let feed = bytes.lastIndexOf(lineFeed)
  if (feed >= 0 || isWholeFile) {
    const head = headOf(bytes.toString('utf8', feed + 1))
    if (head !== undefined) return { head, cut: undefined, lacksFeed: true }
  }
  while (feed >= 0) {
    const before = feed === 0 ? -1 : bytes.lastIndexOf(lineFeed, feed - 1)
    if (before < 0 && !isWholeFile) return undefined
    const head = headOf(bytes.toString('utf8', before + 1, feed))
    if (head !== undefined) return { head, cut: cutOf(bytes.subarray(feed + 1)) }
    feed = before
  }
  return isWholeFile ? { head: undefined, cut: cutOf(bytes) } : undefined
}

function cutOf(bytes: Buffer): Cut | undefined {
  if (bytes.length === 0) return undefined
  const isEnded = bytes.at(-1) === lineFeed
  return { bytes: bytes.length, sha256: hash('sha256', bytes), isEnded }
}
