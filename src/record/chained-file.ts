import { basename } from 'node:path'
import { type ChainHead, chainLines, genesis } from './chain.ts'
import { type FileEnd, readFileEnd } from './file-end.ts'
import { openLineFile, type Rotation } from './line-file.ts'
import { segmentFiles } from './segment-files.ts'
import type { SegmentTask } from './segment-worker.ts'
import { deleteOldSegments, openSegments, type Retention } from './segments.ts'

/** When a file is put aside, and what happens to it then. */
export interface TrailRotation extends Rotation, Retention {
  readonly compress: SegmentTask['compress']
}

/** A file whose lines form a chain across rotations and restarts. Only one call may write at a time. */
export interface ChainedFile {
  /**
   * Appends JSON objects, each as one line.
   * @returns the lines that the operating system has taken, line feeds included: all of them, or the first
   *   ones if writing failed
   */
  readonly append: (jsons: readonly string[]) => Promise<readonly string[]>
  /** Makes the next line say that so many lines were given up without an attempt. */
  readonly miss: (count: number) => void
  /** Whether lines were lost, and the file does not say so yet. */
  readonly isFailing: () => boolean
  /** Where the chain broke off when the file was opened; undefined when it was complete. */
  readonly cutAtOpen: { readonly afterSeq: number; readonly bytes: number } | undefined
  /** Lines that had been signed and were not there when the file was opened, by their numbers. */
  readonly missingAtOpen: Missing | undefined
  readonly close: () => Promise<void>
}

/** Successive lines that are gone; by the numbers of the first and the last one. */
export interface Missing {
  readonly from: number
  readonly to: number
}

/**
 * Opens a file of chained lines and continues the chain in it. Bytes that are not a complete line are left
 * there. The next line, an event `resumed`, gives their number and digest, and how many lines could not be
 * written at all. If the chain ends before a line that has been signed, it continues after that one, and `resumed` gives
 * the numbers of those that are missing.
 * @param onError told of what could not be written, and of a rotation that failed
 * @param onWritten told of the lines that were written, by the head of the chain after each
 * @param signed the last line that has been signed
 * @throws when the file cannot be opened
 */
export async function openChainedFile(
  path: string,
  rotation: TrailRotation | undefined,
  onError: (error: unknown) => void,
  onWritten: (heads: readonly ChainHead[]) => void = () => undefined,
  signed: ChainHead = genesis,
): Promise<ChainedFile> {
  const file = openLineFile(path, rotation)
  let head = genesis
  // Lines that could not be written, and that the file does not account for yet.
  let lost = 0
  // Whether the file may end with an incomplete line, which must be looked at before the next line.
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
    const whole = countWhole(lines, written - lead.length)
    head = heads[whole - 1] ?? head
    onWritten(heads.slice(0, whole))
    return lines.slice(0, whole)
  }

  /** Writes a line that accounts for what is missing, if anything is; false when that failed. */
  async function resume(): Promise<boolean> {
    if (!isTorn && lost === 0) return true
    let end: FileEnd
    try {
      end = file.readEnd()
    } catch (error) {
      onError(error)
      return false
    }
    const { cut, lacksFeed = false } = end
    head = end.head ?? head
    const lostBefore = lost
    const last = head
    const missing = missingAfter(last)
    if (missing !== undefined) head = signed
    const event = eventJson('resumed', {
      cutBytes: cut?.bytes,
      cutSha256: cut?.sha256,
      lost: lostBefore === 0 ? undefined : lostBefore,
      missingFrom: missing?.from,
      missingTo: missing?.to,
    })
    const lead = lacksFeed || cut?.isEnded === false ? '\n' : ''
    isTorn = false
    if ((await write([event], lead)).length === 0) {
      head = last
      return false
    }
    lost -= lostBefore
    return !isTorn
  }

  function missingAfter({ seq }: ChainHead): Missing | undefined {
    return signed.seq > seq ? { from: seq + 1, to: signed.seq } : undefined
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

  /** Begins a file with the name of the one before, so that its chain can be verified without that file. */
  async function beginAfter(aside: string): Promise<void> {
    await write([eventJson('rotated', { from: basename(aside) })])
  }

  const end = readFileEnd(path)
  const previous = segmentFiles(path).at(-1)
  const before = previous && end.head === undefined ? readFileEnd(previous) : end
  head = before.head ?? head
  const missingAtOpen = missingAfter(head)
  if (previous !== undefined && before !== end && end.cut === undefined && !missingAtOpen) {
    await beginAfter(previous)
  }
  const segments = rotation && openSegments(path, rotation.compress, onError)
  const { cut } = end
  const cutAtOpen = cut && { afterSeq: head.seq, bytes: cut.bytes }
  isTorn = cut !== undefined || end.lacksFeed === true || missingAtOpen !== undefined
  if (isTorn) await resume()

  return {
    append: async (jsons) => {
      // A line that was cut off is accounted for in its own file, so that one is not rotated yet.
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
    missingAtOpen,
    close: async () => {
      await file.close()
      await segments?.close()
    },
  }
}

/** A line about the trail itself, and not about a request. */
function eventJson(event: string, told: Readonly<Record<string, unknown>>): string {
  return JSON.stringify({ v: 1, time: new Date().toISOString(), event, ...told })
}

/** How many lines a file has taken with so many bytes, counting one that lacks only its line feed. */
function countWhole(lines: readonly string[], bytes: number): number {
  let end = 0
  const index = lines.findIndex((line) => {
    end += Buffer.byteLength(line)
    return end - 1 > bytes
  })
  return index < 0 ? lines.length : index
}
