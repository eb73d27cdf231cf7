import { createHash, type KeyObject } from 'node:crypto'
import { merkleRoot } from './merkle-root.ts'
import { type Checkpoint, readCheckpoints } from './read-checkpoints.ts'
import { type FileLine, readLines } from './read-lines.ts'

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
  /** The numbers of the first and the last line. */
  readonly first?: number
  readonly last?: number
  readonly checkpoints: number
}

/** Successive records that are gone; by the numbers of the first and the last one. */
export interface Loss {
  readonly from: number
  readonly to: number
  /** File and line that tell of it. */
  readonly at: string
}

/** The form of a line: the part that the hash covers, the number, the hash of the line before, and the hash. */
const lineForm = /^(\{.*,"seq":(\d+),"prev":"([0-9a-f]{64})"),"hash":"([0-9a-f]{64})"\}$/s

interface TrailLine {
  readonly seq: number
  readonly prev: string
  readonly hash: string
}

/** Bytes that are not a line of the trail. */
interface Junk {
  readonly at: string
  readonly parts: Buffer[]
}

/**
 * Verifies a trail. Every line must have the hash that it states and follow the line before it. Every checkpoint must
 * be signed, and have the Merkle root and last hash of the lines that it covers. The contents of lines do not matter,
 * except where they account for bytes that were cut off.
 * @throws {Error} when a file cannot be read
 */
export async function verifyTrail(trail: TrailToVerify): Promise<TrailReport> {
  const { files, checkpointFiles, publicKeys = [] } = trail
  const isSigned = publicKeys.length > 0
  // Checkpoints are read before the lines, so that a trail that is being written has all lines that they cover.
  const listed = isSigned ? await readCheckpoints(checkpointFiles, publicKeys) : undefined
  const checkpoints = listed?.checkpoints ?? []
  const notes: string[] = []
  const losses: Loss[] = []
  let next = 0
  let covered: Buffer[] = []
  let records = 0
  let first: number | undefined
  let before: TrailLine | undefined
  let junk: Junk | undefined
  const report = (fault?: string): TrailReport => ({
    ...(fault !== undefined && { fault }),
    notes,
    losses,
    records,
    ...(first !== undefined && before !== undefined && { first, last: before.seq }),
    checkpoints: next,
  })
  if (listed?.fault !== undefined) return report(listed.fault)

  let end: FileLine | undefined
  for await (const fileLine of readLines(files)) {
    end = fileLine
    const { bytes } = fileLine
    const at = `${fileLine.file}:${fileLine.number}`
    const line = readLine(bytes)
    if (line === undefined || !fileLine.isEnded) {
      junk ??= { at, parts: [] }
      junk.parts.push(bytes, ...(fileLine.isEnded ? [Buffer.from('\n')] : []))
      continue
    }
    if (junk !== undefined) {
      if (!tellsOf(bytes, Buffer.concat(junk.parts))) return report(`${junk.at}: ${noLine}`)
      notes.push(`${junk.at}: a line was cut off here, as record ${line.seq} tells`)
      junk = undefined
    }
    const loss = lossBefore(line, bytes, before)
    const fault =
      loss === undefined && before !== undefined
        ? faultAfter(before, line)
        : faultOfFirst(line, checkpoints, loss !== undefined)
    if (fault !== undefined) return report(`${at}: record ${line.seq} ${fault}`)
    first ??= line.seq
    if (loss !== undefined) {
      losses.push({ ...loss, at })
      if (covered.length > 0) {
        notes.push(`only the chain proves the last ${covered.length} record(s) before ${at}`)
      }
      covered = []
    }
    if (before === undefined || loss !== undefined) {
      while ((checkpoints[next]?.to ?? line.seq) < line.seq) next += 1
    }
    before = line
    records += 1
    const checkpoint = checkpoints[next]
    if (checkpoint === undefined) continue
    if (line.seq >= checkpoint.from) covered.push(Buffer.from(line.hash, 'hex'))
    if (line.seq === checkpoint.to) {
      if (!isCovered(checkpoint, line, covered)) {
        return report(
          `${at}: record ${line.seq} or one before it is not what ${checkpoint.at} signed`,
        )
      }
      next += 1
      covered = []
    }
  }
  if (junk !== undefined) {
    if (end?.isEnded) return report(`${junk.at}: ${noLine}`)
    notes.push(`${junk.at}: the last line is cut off`)
  }
  const missed = checkpoints.at(-1)
  if (missed !== undefined && missed.to > (before?.seq ?? 0)) {
    const from = (before?.seq ?? 0) + 1
    return report(
      `record ${from} and those up to ${missed.to}, which ${missed.at} signed, are missing`,
    )
  }
  if (first !== undefined && first > 1) notes.push(`the trail begins with record ${first}`)
  const signed = missed?.to ?? 0
  if (isSigned && before !== undefined && before.seq > signed) {
    notes.push(`no checkpoint covers the records from ${signed + 1} to ${before.seq} yet`)
  }
  return report()
}

const noLine = 'this line is not a record of the trail, or was changed'

function readLine(bytes: Buffer): TrailLine | undefined {
  // Latin-1 has one character per byte, so the hash is computed over exactly the bytes of the file.
  const [, signed, seq, prev, hash] = lineForm.exec(bytes.toString('latin1')) ?? []
  if (signed === undefined || prev === undefined || hash === undefined) return undefined
  const actual = createHash('sha256').update(signed, 'latin1').digest('hex')
  return actual === hash ? { seq: Number(seq), prev, hash } : undefined
}

function faultAfter(before: TrailLine, line: TrailLine): string | undefined {
  if (line.seq !== before.seq + 1) return `follows record ${before.seq}`
  return line.prev === before.hash
    ? undefined
    : 'does not continue the chain of the record before it'
}

/** Why a line cannot be the first one that is left, or the first one after a loss. */
function faultOfFirst(
  line: TrailLine,
  checkpoints: readonly Checkpoint[],
  isAfterLoss: boolean,
): string | undefined {
  const isGenesis = /^0+$/.test(line.prev)
  if (line.seq === 1)
    return isGenesis ? undefined : 'does not begin a chain, although it has number 1'
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
function lossBefore(
  { seq }: TrailLine,
  bytes: Buffer,
  before: TrailLine | undefined,
): Omit<Loss, 'at'> | undefined {
  if (before !== undefined && seq === before.seq + 1) return undefined
  const { event, missingFrom: from, missingTo: to } = JSON.parse(bytes.toString()) as Told
  if (event !== 'resumed' || typeof from !== 'number' || to !== seq - 1) return undefined
  if (before !== undefined && from !== before.seq + 1) return undefined
  return { from, to }
}

type Told = Readonly<Record<string, unknown>>

/** Checks a checkpoint. If some of the lines that it covers have been deleted, only its last line is compared. */
function isCovered(checkpoint: Checkpoint, line: TrailLine, covered: readonly Buffer[]): boolean {
  if (line.hash !== checkpoint.lastHash) return false
  if (covered.length < checkpoint.count) return true
  return merkleRoot(covered).toString('hex') === checkpoint.root
}

/** Whether a line accounts for exactly the bytes before it, give or take a line feed that was added after them. */
function tellsOf(line: Buffer, junk: Buffer): boolean {
  const { event, cutBytes, cutSha256 } = JSON.parse(line.toString()) as Told
  if (event !== 'resumed' || (cutBytes !== junk.length && cutBytes !== junk.length - 1))
    return false
  return createHash('sha256').update(junk.subarray(0, cutBytes)).digest('hex') === cutSha256
}
