import { basename } from 'node:path'
import { type ChainHead, chainLines, genesis } from './chain.ts'
import { type Cut, readFileEnd } from './file-end.ts'
import { openLineFile, type Rotation } from './line-file.ts'
import type { SegmentTask } from './segment-worker.ts'
import { deleteOldSegments, openSegments, type Retention, segmentFiles } from './segments.ts'

/** When a file is put aside, and what becomes of it. */
export interface TrailRotation extends Rotation, Retention {
  readonly compress: SegmentTask['compress']
}

/** A file whose lines form a chain, over rotations and restarts; written by one call at a time. */
export interface ChainedFile {
  /**
   * Appends JSON objects, each as one line.
   * @returns the lines that are with the operating system now, line feeds included: all of them, or
   *   where writing failed the first ones
   */
  readonly append: (jsons: readonly string[]) => Promise<readonly string[]>
  /** Has the next line tell of so many that were never tried. */
  readonly miss: (count: number) => void
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
 * @returns rejects when the file cannot be opened
 */
export async function openChainedFile(
  path: string,
  rotation: TrailRotation | undefined,
  onError: (error: unknown) => void,
  onWritten: (heads: readonly ChainHead[]) => void = () => undefined,
): Promise<ChainedFile> {
  const file = openLineFile(path, rotation)
  let head = genesis
  let lost = 0
  // Whether the end of the file has to be looked at before the next line.
  let isTorn = false

  async function write(jsons: readonly string[], lead = ''): Promise<string[]> {
    const { lines, heads } = chainLines(jsons, head)
    const bytes = Buffer.from(lead + lines.join(''))
    const { bytes: written, error } = await file.write(bytes)
    if (written === bytes.length) {
      head = heads.at(-1) ?? head
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
  async function resume(): Promise<boolean> {
    if (!isTorn && lost === 0) return true
    let cut: Cut | undefined
    try {
      cut = readEnd()
    } catch (error) {
      onError(error)
      return false
    }
    const told = lost
    const event = eventJson('resumed', {
      cutBytes: cut?.bytes,
      cutSha256: cut?.sha256,
      lost: told === 0 ? undefined : told,
    })
    const lead = cut === undefined || cut.isEnded ? '' : '\n'
    if ((await write([event], lead)).length === 0) return false
    isTorn = false
    lost -= told
    return true
  }

  function readEnd(): Cut | undefined {
    const end = file.readEnd()
    head = end.head ?? head
    return end.cut
  }

  async function rotate(): Promise<void> {
    try {
      const aside = await file.rotate()
      await beginAfter(aside)
      segments?.finish(aside)
      if (rotation !== undefined) await deleteOldSegments(path, rotation)
    } catch (error) {
      onError(error)
    }
  }

  /** A file tells at its beginning what it follows, so that its chain can be taken up without that. */
  async function beginAfter(aside: string): Promise<void> {
    await write([eventJson('rotated', { from: basename(aside) })])
  }

  const end = readFileEnd(path)
  const previous = segmentFiles(path).at(-1)
  if (end.head !== undefined) head = end.head
  else if (previous !== undefined) {
    head = readFileEnd(previous).head ?? head
    if (end.cut === undefined) await beginAfter(previous)
  }
  const segments = rotation && openSegments(path, rotation.compress, onError)
  const { cut } = end
  const cutAtOpen = cut && { afterSeq: head.seq, bytes: cut.bytes }
  isTorn = cut !== undefined
  if (isTorn) await resume()

  return {
    append: async (jsons) => {
      // What was cut off is told of in the file that it stands in.
      if (!isTorn && file.isFull()) await rotate()
      const lines = (await resume()) ? await write(jsons) : []
      lost += jsons.length - lines.length
      return lines
    },
    miss: (count) => {
      lost += count
    },
    isFailing: () => lost > 0,
    cutAtOpen,
    close: async () => {
      await file.close()
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
