import { basename } from 'node:path'
import { type ChainHead, chainLine, genesis } from './chain.ts'
import { type Cut, readFileEnd } from './file-end.ts'
import { openLineFile, type Rotation } from './line-file.ts'
import type { SegmentTask } from './segment-worker.ts'
import { deleteOldSegments, openSegments, type Retention, segmentFiles } from './segments.ts'

/** When a file is put aside, and what becomes of it. */
export interface TrailRotation extends Rotation, Retention {
  readonly compress: SegmentTask['compress']
}

/** A file whose lines form a chain, over rotations and restarts. */
export interface ChainedFile {
  /**
   * Appends JSON objects, each as one line.
   * @returns the lines that are with the operating system now, line feeds included: all of them, or
   *   where writing failed the first ones
   */
  readonly append: (jsons: readonly string[]) => readonly string[]
  /** Whether there are lines that could not be written, and that nothing tells of yet. */
  readonly isFailing: () => boolean
  /** Where the chain was cut when the file was opened; undefined when it was whole. */
  readonly cutAtOpen: { readonly afterSeq: number; readonly bytes: number } | undefined
  readonly close: () => Promise<void>
}

/**
 * Opens a file of chained lines and goes on with the chain that it holds. Bytes that are no whole
 * line stay where they are; the next line, an event `resumed`, tells their number and their digest,
 * and how many lines could not be written at all.
 * @param onError told of what could not be written, and of a rotation that failed
 * @param onWritten told of the lines that were written, by the heads that they make
 * @throws {Error} when the file cannot be opened
 */
export function openChainedFile(
  path: string,
  rotation: TrailRotation | undefined,
  onError: (error: unknown) => void,
  onWritten: (heads: readonly ChainHead[]) => void = () => undefined,
): ChainedFile {
  const file = openLineFile(path, rotation)
  let head = genesis
  let lost = 0
  // Whether the end of the file has to be looked at before the next line.
  let isTorn = false

  function write(jsons: readonly string[], lead = ''): string[] {
    const lines: string[] = []
    const heads: ChainHead[] = []
    let last = head
    for (const json of jsons) {
      const chained = chainLine(json, last)
      last = chained.head
      heads.push(last)
      lines.push(`${chained.line}\n`)
    }
    const bytes = Buffer.from(lead + lines.join(''))
    const { bytes: written, error } = file.write(bytes)
    if (written === bytes.length) {
      head = last
      onWritten(heads)
      return lines
    }
    onError(error)
    isTorn = true
    const whole = countFeeds(bytes.subarray(Buffer.byteLength(lead), written))
    head = heads[whole - 1] ?? head
    onWritten(heads.slice(0, whole))
    return lines.slice(0, whole)
  }

  /** Says what is missing before the next line, where anything is; false when that failed. */
  function resume(): boolean {
    if (!isTorn && lost === 0) return true
    const cut = readEnd()
    const event = eventJson('resumed', {
      cutBytes: cut?.bytes,
      cutSha256: cut?.sha256,
      lost: lost === 0 ? undefined : lost,
    })
    if (write([event], cut === undefined || cut.isEnded ? '' : '\n').length === 0) return false
    isTorn = false
    lost = 0
    return true
  }

  function readEnd(): Cut | undefined {
    const end = readFileEnd(path)
    head = end.head ?? head
    return end.cut
  }

  function rotate(): void {
    try {
      const aside = file.rotate()
      beginAfter(aside)
      segments?.finish(aside)
      if (rotation !== undefined) deleteOldSegments(path, rotation)
    } catch (error) {
      onError(error)
    }
  }

  /** A file tells at its beginning what it follows, so that its chain can be taken up without that. */
  function beginAfter(aside: string): void {
    write([eventJson('rotated', { from: basename(aside) })])
  }

  const end = readFileEnd(path)
  const previous = segmentFiles(path).at(-1)
  if (end.head !== undefined) head = end.head
  else if (previous !== undefined) {
    head = readFileEnd(previous).head ?? head
    if (end.cut === undefined) beginAfter(previous)
  }
  const segments = rotation && openSegments(path, rotation.compress, onError)
  const { cut } = end
  const cutAtOpen = cut && { afterSeq: head.seq, bytes: cut.bytes }
  isTorn = cut !== undefined
  if (isTorn) resume()

  return {
    append: (jsons) => {
      // What was cut off is told of in the file that it stands in.
      if (!isTorn && file.isFull()) rotate()
      const lines = resume() ? write(jsons) : []
      lost += jsons.length - lines.length
      return lines
    },
    isFailing: () => lost > 0,
    cutAtOpen,
    close: async () => {
      file.close()
      await segments?.close()
    },
  }
}

/** A line that tells of the trail itself and of no request. */
function eventJson(event: string, told: Readonly<Record<string, unknown>>): string {
  return JSON.stringify({ v: 1, time: new Date().toISOString(), event, ...told })
}

function countFeeds(bytes: Buffer): number {
  let count = 0
  for (let at = bytes.indexOf(0x0a); at >= 0; at = bytes.indexOf(0x0a, at + 1)) count += 1
  return count
}
