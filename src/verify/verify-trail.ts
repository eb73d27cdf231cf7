import type { KeyObject } from 'node:crypto'
import { merkleRoot } from './merkle-root.ts'
import { type Checkpoint, type CheckpointList, readCheckpoints } from './read-checkpoints.ts'
import { type FileLine, readLines } from './read-lines.ts'
import {
  accountsFor,
  faultAfter,
  faultOfFirst,
  lossBefore,
  type MissingRecords,
  readTrailLine,
  type TrailLine,
} from './trail-line.ts'

/** What to verify, and with what. */
export interface TrailToVerify {
  /** Oldest first. */
  readonly files: readonly string[]
  readonly checkpointFiles: readonly string[]
  /** Ed25519 keys in the order in which they were used; without any, only the chain is verified. */
  readonly publicKeys?: readonly KeyObject[]
}

/** The result of verifying a trail. */
export interface TrailReport {
  /** The first fault, with file and line; absent if there is none. */
  readonly fault?: string
  /** What is not a fault but worth knowing. */
  readonly notes: readonly string[]
  /** Records that had been signed and were gone when the gateway started, as the trail itself tells. */
  readonly losses: readonly Loss[]
  readonly records: number
  readonly checkpoints: number
}

/** Records that are gone. */
export interface Loss extends MissingRecords {
  /** File and line that tell of it. */
  readonly at: string
}

/**
 * Verifies a trail. Every line must have the hash that it states and follow the line before it. Every checkpoint must
 * be signed, and have the Merkle root and last hash of the lines that it covers. The contents of lines do not matter,
 * except where they account for what is missing before them.
 * @throws {Error} when a file cannot be read
 */
export async function verifyTrail(trail: TrailToVerify): Promise<TrailReport> {
  const { files, checkpointFiles, publicKeys = [] } = trail
  const isSigned = publicKeys.length > 0
  // Checkpoints are read before the lines, so that a trail that is being written has all lines that they cover.
  const listed: CheckpointList = isSigned
    ? await readCheckpoints(checkpointFiles, publicKeys)
    : { checkpoints: [] }
  const walk = walkTrail(listed.checkpoints, isSigned)
  if (listed.fault !== undefined) return walk.report(listed.fault)
  for await (const fileLine of readLines(files)) {
    const fault = walk.take(fileLine)
    if (fault !== undefined) return walk.report(fault)
  }
  return walk.report(walk.finish())
}

/** Goes through the lines of a trail in their order. `take` and `finish` return a fault, if there is one. */
interface TrailWalk {
  readonly take: (fileLine: FileLine) => string | undefined
  /** To be called after the last line. */
  readonly finish: () => string | undefined
  readonly report: (fault: string | undefined) => TrailReport
}

/** Bytes that are not a line of the trail. */
interface Junk {
  readonly at: string
  readonly parts: Buffer[]
  /** Whether the last of them is a line feed. */
  isEnded: boolean
}

function walkTrail(checkpoints: readonly Checkpoint[], isSigned: boolean): TrailWalk {
  const notes: string[] = []
  const losses: Loss[] = []
  let next = 0
  // The hashes of the lines so far that the next checkpoint covers.
  let covered: Buffer[] = []
  let records = 0
  let first: number | undefined
  let before: TrailLine | undefined
  let junk: Junk | undefined

  function addJunk({ bytes, isEnded }: FileLine, at: string): void {
    junk ??= { at, parts: [], isEnded }
    junk.parts.push(bytes, ...(isEnded ? [Buffer.from('\n')] : []))
    junk.isEnded = isEnded
  }

  /** Checks that a line accounts for the bytes before it that are not lines. */
  function endJunk(line: TrailLine, bytes: Buffer): string | undefined {
    if (junk === undefined) return undefined
    if (!accountsFor(bytes, Buffer.concat(junk.parts))) return `${junk.at}: ${noLine}`
    notes.push(`${junk.at}: a line was cut off here, as record ${line.seq} tells`)
    junk = undefined
    return undefined
  }

  function takeLine(line: TrailLine, bytes: Buffer, at: string): string | undefined {
    const loss = lossBefore(line, bytes, before)
    const fault =
      loss === undefined && before !== undefined
        ? faultAfter(before, line)
        : faultOfFirst(line, bytes, checkpoints, loss !== undefined)
    if (fault !== undefined) return `${at}: record ${line.seq} ${fault}`
    first ??= line.seq
    if (loss !== undefined) noteLoss({ ...loss, at })
    while ((checkpoints[next]?.to ?? line.seq) < line.seq) next += 1
    before = line
    records += 1
    return checkCheckpoint(line, at)
  }

  function noteLoss(loss: Loss): void {
    losses.push(loss)
    if (covered.length > 0) {
      notes.push(`only the chain proves the last ${covered.length} record(s) before ${loss.at}`)
    }
    covered = []
  }

  /** Checks the next checkpoint if the line is the last one that it covers. */
  function checkCheckpoint(line: TrailLine, at: string): string | undefined {
    const checkpoint = checkpoints[next]
    if (checkpoint === undefined) return undefined
    if (line.seq >= checkpoint.from) covered.push(Buffer.from(line.hash, 'hex'))
    if (line.seq !== checkpoint.to) return undefined
    if (!isCovered(checkpoint, line, covered)) {
      return `${at}: record ${line.seq} or one before it is not what ${checkpoint.at} signed`
    }
    next += 1
    covered = []
    return undefined
  }

  return {
    take: (fileLine) => {
      const { bytes, file, number } = fileLine
      const at = `${file}:${number}`
      const line = readTrailLine(bytes)
      if (line !== undefined) return endJunk(line, bytes) ?? takeLine(line, bytes, at)
      addJunk(fileLine, at)
      return undefined
    },
    finish: () => {
      if (junk?.isEnded) return `${junk.at}: ${noLine}`
      if (junk !== undefined) notes.push(`${junk.at}: the last line is cut off`)
      const last = before?.seq ?? 0
      const { to: signed = 0, at: place = '' } = checkpoints.at(-1) ?? {}
      if (signed > last) {
        return `record ${last + 1} and those up to ${signed}, which ${place} signed, are missing`
      }
      if (first !== undefined && first > 1) notes.push(`the trail begins with record ${first}`)
      if (isSigned && last > signed) {
        notes.push(`no checkpoint covers the records from ${signed + 1} to ${last} yet`)
      }
      return undefined
    },
    report: (fault) => ({
      ...(fault !== undefined && { fault }),
      notes,
      losses,
      records,
      checkpoints: next,
    }),
  }
}

const noLine = 'this line is not a record of the trail, or was changed'

/** Checks a checkpoint. If some of the lines that it covers have been deleted, only its last line is compared. */
function isCovered(checkpoint: Checkpoint, line: TrailLine, covered: readonly Buffer[]): boolean {
  if (line.hash !== checkpoint.lastHash) return false
  if (covered.length < checkpoint.count) return true
  return merkleRoot(covered).toString('hex') === checkpoint.root
}
