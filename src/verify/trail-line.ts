import { createHash } from 'node:crypto'
import type { Checkpoint } from './read-checkpoints.ts'

/** A line of a trail that has the hash that it states. */
export interface TrailLine {
  readonly seq: number
  readonly prev: string
  readonly hash: string
}

/** Successive records that are gone; by the numbers of the first and the last one. */
export interface MissingRecords {
  readonly from: number
  readonly to: number
}

/** The form of a line: the part that the hash covers, the number, the hash of the line before, and the hash. */
const lineForm = /^(\{.*,"seq":(\d+),"prev":"([0-9a-f]{64})"),"hash":"([0-9a-f]{64})"\}$/s

/** Reads a line, without its line feed; undefined if it is not a line of a trail, or was changed. */
export function readTrailLine(bytes: Buffer): TrailLine | undefined {
  // Latin-1 has one character per byte, so the hash is computed over exactly the bytes of the file.
  const [, signed, seq, prev, hash] = lineForm.exec(bytes.toString('latin1')) ?? []
  if (signed === undefined || prev === undefined || hash === undefined) return undefined
  const actual = createHash('sha256').update(signed, 'latin1').digest('hex')
  return actual === hash ? { seq: Number(seq), prev, hash } : undefined
}

/** Why a line cannot follow the one before it; undefined if it can. */
export function faultAfter(before: TrailLine, line: TrailLine): string | undefined {
  if (line.seq !== before.seq + 1) return `follows record ${before.seq}`
  return line.prev === before.hash
    ? undefined
    : 'does not continue the chain of the record before it'
}

/** Why a line cannot be the first one that is left, or the first one after a loss. */
export function faultOfFirst(
  line: TrailLine,
  bytes: Buffer,
  checkpoints: readonly Checkpoint[],
  isAfterLoss: boolean,
): string | undefined {
  const isGenesis = /^0+$/.test(line.prev)
  if (line.seq === 1)
    return isGenesis ? undefined : 'does not begin a chain, although it has number 1'
  // Whole files are deleted in time, but never the beginning of one.
  if (!fileBeginnings.has(readTold(bytes).event)) {
    return 'is the first one, but no file begins with it: those before it were removed'
  }
  const last = checkpoints.find(({ to }) => to === line.seq - 1)
  if (last !== undefined) {
    if (last.lastHash === line.prev) return undefined
    return `does not continue the chain that ${last.at} signed`
  }
  // Only what was signed can be missed.
  const isUnsigned = isAfterLoss && checkpoints.some(({ from }) => from < line.seq)
  return isUnsigned ? 'tells of a loss that no checkpoint confirms' : undefined
}

/** The records before a line that were already gone when it was written, if it tells of such. */
export function lossBefore(
  { seq }: TrailLine,
  bytes: Buffer,
  before: TrailLine | undefined,
): MissingRecords | undefined {
  if (before !== undefined && seq === before.seq + 1) return undefined
  const { event, missingFrom: from, missingTo: to } = readTold(bytes)
  if (event !== 'resumed' || typeof from !== 'number' || to !== seq - 1) return undefined
  if (before !== undefined && from !== before.seq + 1) return undefined
  return { from, to }
}

/** What a file begins with that follows another one. */
const fileBeginnings: ReadonlySet<unknown> = new Set(['rotated', 'resumed'])

type Told = Readonly<Record<string, unknown>>

/** What a line tells; nothing if it is not JSON, which can have a right hash all the same. */
function readTold(line: Buffer): Told {
  try {
    return JSON.parse(line.toString()) as Told
  } catch {
    return {}
  }
}

/** Whether a line accounts for exactly the bytes before it, give or take a line feed that was added after them. */
export function accountsFor(line: Buffer, junk: Buffer): boolean {
  const { event, cutBytes, cutSha256 } = readTold(line)
  if (event !== 'resumed' || (cutBytes !== junk.length && cutBytes !== junk.length - 1))
    return false
  return createHash('sha256').update(junk.subarray(0, cutBytes)).digest('hex') === cutSha256
}
