import { type KeyObject, verify } from 'node:crypto'
import { readLinesOf } from './read-lines.ts'

/** A checkpoint whose signature is valid. */
export interface Checkpoint {
  /** The numbers of the first and the last line that it covers. */
  readonly from: number
  readonly to: number
  readonly count: number
  /** Hex. */
  readonly root: string
  /** Hex. */
  readonly lastHash: string
  /** The file and line from which it was read. */
  readonly at: string
  /** The index of the key that signed it, counted from 0. */
  readonly keyNumber: number
}

/** Checkpoints in the order of the lines that they cover, and the first thing that is wrong with them. */
export interface CheckpointList {
  readonly checkpoints: readonly Checkpoint[]
  readonly fault?: string
}

/** What can be left of a line that was being written: any beginning of it. A file system may fill it up with zeros. */
const beginningForm =
  /^(?:\{(?:(?!"signature":"[\w-]{86})[^}\0])*(?:"signature":"[\w-]{86}"?)?)?\0*$/
// The last digit has bits that are no part of the signature; they are 0.
const lineForm = /^(\{"v":1,.*),"signature":"([A-Za-z0-9_-]{85}[AQgw])"\}$/

/**
 * Reads the checkpoints of some files, in which there has to be at least one. One that occurs in several files counts
 * once. Lines that were cut off are skipped: either the next checkpoint covers the same lines, or they will turn out to
 * be uncovered.
 * @param publicKeys in the order in which they were used; once a key has been used, earlier ones are no longer valid
 * @throws {Error} when a file cannot be read
 */
export async function readCheckpoints(
  files: readonly string[],
  publicKeys: readonly KeyObject[],
): Promise<CheckpointList> {
  const found = new Map<string, Checkpoint>()
  for (const file of files) {
    for await (const { number, bytes: read } of readLinesOf(file)) {
      const line = read.toString('utf8')
      const [, signed, signature] = lineForm.exec(line) ?? []
      const at = `${file}:${number}`
      if (signed === undefined || signature === undefined) {
        if (beginningForm.test(line)) continue
        return { checkpoints: [], fault: `${at}: this line is not a checkpoint, or was changed` }
      }
      const bytes = Buffer.from(signature, 'base64url')
      const keyNumber = publicKeys.findIndex((key) => verify(null, Buffer.from(signed), key, bytes))
      if (keyNumber === -1) {
        return { checkpoints: [], fault: `${at}: the signature of this checkpoint is not valid` }
      }
      const checkpoint = JSON.parse(`${signed}}`) as Omit<Checkpoint, 'at' | 'keyNumber'>
      if (!found.has(line)) found.set(line, { ...checkpoint, at, keyNumber })
    }
  }
  const checkpoints = [...found.values()].sort((one, other) => one.to - other.to)
  const fault =
    checkpoints.length === 0
      ? `${files.join(', ')}: there is no checkpoint here`
      : faultInOrder(checkpoints)
  return fault === undefined ? { checkpoints } : { checkpoints, fault }
}

function faultInOrder(checkpoints: readonly Checkpoint[]): string | undefined {
  for (const [index, { from, to, count, at, keyNumber }] of checkpoints.entries()) {
    const before = checkpoints[index - 1]
    if (before !== undefined && keyNumber < before.keyNumber) {
      return `${at}: this checkpoint has a key that was replaced before, at ${before.at}`
    }
    if (count !== to - from + 1) return `${at}: this checkpoint counts other lines than it covers`
    if (before !== undefined && from !== before.to + 1) {
      return `${at}: between ${before.at} and this checkpoint, lines are covered by none or by two`
    }
  }
  return undefined
}
