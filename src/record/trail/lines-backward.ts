import { closeSync, fstatSync, openSync, readFileSync, readSync } from 'node:fs'
import { gunzipSync, zstdDecompressSync } from 'node:zlib'

/** A compressed file is damaged, or too large to be decompressed. */
export class DecompressionError extends Error {
  override readonly name = 'DecompressionError'
}

/** Bytes of which any part can be read. */
export interface Source {
  readonly size: number
  /** The bytes from one place to another, which is not included. */
  readonly read: (from: number, to: number) => Buffer
}

/** A line, without its line feed. */
export interface SourceLine {
  readonly bytes: Buffer
  /** Where it ends, before its line feed. */
  readonly end: number
  /** False for what follows the last line feed. */
  readonly isEnded: boolean
}

const lineFeed = 0x0a
const stepBytes = 65_536

/** The lines of a source from the last one to the first; reads no more of it than is asked for. */
export function* linesBackward({ size, read }: Source): Generator<SourceLine> {
  // What has been read of the line whose beginning has not.
  let rest: Buffer[] = []
  let end = size
  let isEnded = false
  for (let to = size; to > 0; ) {
    const from = Math.max(0, to - stepBytes)
    let left = read(from, to)
    for (let feed = left.lastIndexOf(lineFeed); feed >= 0; feed = left.lastIndexOf(lineFeed)) {
      const bytes = Buffer.concat([left.subarray(feed + 1), ...rest])
      if (isEnded || bytes.length > 0) yield { bytes, end, isEnded }
      rest = []
      left = left.subarray(0, feed)
      end = from + feed
      isEnded = true
    }
    rest.unshift(left)
    to = from
  }
  if (size > 0) yield { bytes: Buffer.concat(rest), end, isEnded }
}

/** A buffer as a source. */
export function sourceOfBytes(bytes: Buffer): Source {
  return { size: bytes.length, read: (from, to) => bytes.subarray(from, to) }
}

/**
 * A file that is open for reading, and not compressed, as a source.
 * @throws {Error} when its size cannot be read, as does `read` when it cannot be read itself
 */
export function sourceOfOpenFile(fd: number): Source {
  return { size: fstatSync(fd).size, read: (from, to) => readRange(fd, from, to) }
}

/**
 * Opens a file as a source for as long as it is used. A compressed one, which is needed rarely enough, is decompressed
 * as a whole.
 * @throws {DecompressionError} when it cannot be decompressed
 * @throws {Error} when it cannot be read
 */
export function withSource<Result>(file: string, use: (source: Source) => Result): Result {
  if (file.endsWith('.gz')) return use(sourceOfBytes(decompress(file, gunzipSync)))
  if (file.endsWith('.zst')) return use(sourceOfBytes(decompress(file, decompressFrames)))
  const fd = openSync(file, 'r')
  try {
    return use(sourceOfOpenFile(fd))
  } finally {
    closeSync(fd)
  }
}

function decompress(file: string, decode: (bytes: Buffer) => Buffer): Buffer {
  const bytes = readFileSync(file)
  try {
    return decode(bytes)
  } catch (cause) {
    const { message } = cause as Error
    throw new DecompressionError(`${file} cannot be decompressed: ${message}`, { cause })
  }
}

function readRange(fd: number, from: number, to: number): Buffer {
  const bytes = Buffer.alloc(to - from)
  let read = 0
  while (read < bytes.length) {
    const got = readSync(fd, bytes, read, bytes.length - read, from + read)
    if (got === 0) break
    read += got
  }
  return bytes.subarray(0, read)
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
