import { hash } from 'node:crypto'
import { type ChainHead, headOf } from './chain.ts'
import { linesBackward, type Source, withSource } from './lines-backward.ts'

/** Bytes that are not a line of the chain: a line that was cut off, or something that was added. */
export interface Cut {
  readonly bytes: number
  /** Hex. */
  readonly sha256: string
}

/** How a file of chained lines ends. */
export interface FileEnd {
  /** The head after the last complete line; undefined when the file has none. */
  readonly head: ChainHead | undefined
  /** What follows that line, if anything does. */
  readonly cut: Cut | undefined
  /** Whether no line feed is missing at the end: if nothing follows the last complete line, its own. */
  readonly isEnded: boolean
}

/**
 * Finds the last complete line of a chain in a file, and what follows it. A line that lacks only its line feed is
 * complete: with the line feed that ends a fragment, it would be one. Reads no more of the file than it needs to.
 * @throws {Error} when the file cannot be read
 */
export function readFileEnd(file: string): FileEnd {
  return withSource(file, readEndOf)
}

/**
 * The same for what is open already.
 * @throws {Error} when it cannot be read
 */
export function readEndOf(source: Source): FileEnd {
  const { size, read } = source
  let isEnded = true
  for (const line of linesBackward(source)) {
    isEnded &&= line.isEnded
    const head = headOf(line.bytes.toString('utf8'))
    if (head !== undefined) {
      return { head, cut: cutOf(read(Math.min(line.end + 1, size), size)), isEnded }
    }
  }
  return { head: undefined, cut: cutOf(read(0, size)), isEnded }
}

/**
 * The heads of the complete lines of a file with a number above `seq`, oldest first. Reads no more of the file
 * than it needs to.
 * @throws {Error} when the file cannot be read
 */
export function headsAfter(file: string, seq: number): ChainHead[] {
  return withSource(file, (source) => {
    const heads: ChainHead[] = []
    for (const { bytes } of linesBackward(source)) {
      const head = headOf(bytes.toString('utf8'))
      if (head === undefined) continue
      if (head.seq <= seq) break
      heads.push(head)
    }
    return heads.reverse()
  })
}

function cutOf(bytes: Buffer): Cut | undefined {
  return bytes.length === 0 ? undefined : { bytes: bytes.length, sha256: hash('sha256', bytes) }
}
