import { type ChainHead, chainLines, genesis } from './chain.ts'
import type { FileEnd } from './file-end.ts'
import type { LineFile } from './line-file.ts'

/** Writes the lines of a chain. Only one call may write at a time. */
export interface ChainWriter {
  /**
   * Appends JSON objects, each as one line, after one that accounts for what is missing before them, if anything is.
   * @returns the lines that the operating system has taken, line feeds included: all of them, or the first
   *   ones if writing failed
   */
  readonly append: (jsons: readonly string[]) => Promise<readonly string[]>
  /** Appends an event, which is a line about the trail itself and not about a request. */
  readonly tell: (event: string, told: Readonly<Record<string, unknown>>) => Promise<void>
  /** Makes the next line say that so many lines were given up without an attempt. */
  readonly miss: (count: number) => void
  /** Whether lines were lost, and the trail does not say so yet. */
  readonly isFailing: () => boolean
  /** Whether the trail may end with an incomplete line, for which the next line will account. */
  readonly isTorn: () => boolean
}

/** Where a chain is continued. */
export interface ChainStart {
  readonly head: ChainHead
  /** Whether anything is missing at the end. */
  readonly isTorn: boolean
  /** The last line that has been signed. */
  readonly signed: ChainHead
}

/** The start of a chain of which nothing has been written. */
export const newChain: ChainStart = { head: genesis, isTorn: false, signed: genesis }

/** Successive lines that are gone; by the numbers of the first and the last one. */
export interface Missing {
  readonly from: number
  readonly to: number
}

/**
 * Continues a chain. Bytes that are not a complete line are left where they are. The next line, an event `resumed`, gives
 * their number and digest, and how many lines could not be written at all. If the chain ends before a line that has been
 * signed, it continues after that one, and `resumed` gives the numbers of those that are missing.
 * @param onError told of what could not be written
 * @param onWritten told of the lines that were written, by the head of the chain after each
 */
export function continueChain(
  file: Pick<LineFile, 'write' | 'readEnd'>,
  start: ChainStart,
  onError: (error: unknown) => void,
  onWritten: (heads: readonly ChainHead[]) => void = () => undefined,
): ChainWriter {
  const { signed } = start
  let { head, isTorn } = start
  // Lines that could not be written, and that the trail does not account for yet.
  let lost = 0

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
    const { cut, isEnded } = end
    head = end.head ?? head
    const lostBefore = lost
    const last = head
    const missing = missingAfter(last, signed)
    if (missing !== undefined) head = signed
    const event = eventJson('resumed', {
      cutBytes: cut?.bytes,
      cutSha256: cut?.sha256,
      lost: lostBefore === 0 ? undefined : lostBefore,
      missingFrom: missing?.from,
      missingTo: missing?.to,
    })
    isTorn = false
    if ((await write([event], isEnded ? '' : '\n')).length === 0) {
      head = last
      return false
    }
    lost -= lostBefore
    return !isTorn
  }

  return {
    append: async (jsons) => {
      const lines = (await resume()) ? await write(jsons) : []
      lost += jsons.length - lines.length
      return lines
    },
    tell: async (event, told) => {
      await write([eventJson(event, told)])
    },
    miss: (count) => {
      lost += count
    },
    isFailing: () => lost > 0,
    isTorn: () => isTorn,
  }
}

/** Which lines are missing if a chain ends with `last`; undefined if it does not end before what has been signed. */
export function missingAfter(last: ChainHead, signed: ChainHead): Missing | undefined {
  return signed.seq > last.seq ? { from: last.seq + 1, to: signed.seq } : undefined
}

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
