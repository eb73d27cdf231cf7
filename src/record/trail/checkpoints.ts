import { sign } from 'node:crypto'
import { statSync } from 'node:fs'
import { appendFile } from 'node:fs/promises'
import { type ChainHead, genesis } from './chain.ts'
import type { CheckpointKey } from './checkpoint-key.ts'
import { headsAfter } from './file-end.ts'
import { linesBackward, withSource } from './lines-backward.ts'
import { type MerkleTree, merkleTree } from './merkle.ts'
import { segmentFiles } from './segment-files.ts'
import { syncTrail } from './sync-trail.ts'

/** When checkpoints are made, and what signs them. */
export interface CheckpointSettings {
  readonly key: CheckpointKey
  readonly everyRecords: number
  readonly everySeconds: number
}

/** Signs at intervals what a trail contains. */
export interface Checkpoints {
  /** The last line that one covered when they were opened; the genesis if there was none. */
  readonly signed: ChainHead
  /** Adds lines that were written. */
  readonly add: (heads: readonly ChainHead[]) => void
  /** Makes a checkpoint over all lines that have none yet; resolves when it is written, or could not be. */
  readonly write: () => Promise<void>
  /** Makes the last one. */
  readonly close: () => Promise<void>
}

/**
 * Keeps the checkpoints of a trail in `FILE.checkpoints`, one signed line for each, over the lines since the
 * one before. Lines that had none when the process ended get one at the next start.
 * @param onCheckpoint told of each line, without its line feed
 * @param onError told of what could not be written; it is tried again
 * @throws {Error} when a file cannot be read
 */
export function openCheckpoints(
  trail: string,
  { key, everyRecords, everySeconds }: CheckpointSettings,
  onCheckpoint: (line: string) => void,
  onError: (error: unknown) => void,
): Checkpoints {
  const path = `${trail}.checkpoints`
  const before = endOfCheckpoints(path)
  let { isTorn } = before
  let tree = merkleTree()
  let from = 0
  let last: ChainHead | undefined
  // A checkpoint that is signed, but not in the file yet.
  let unwritten: string | undefined
  let writing: Promise<void> | undefined

  function add(heads: readonly ChainHead[]): void {
    for (const head of heads) {
      if (tree.size() === 0) from = head.seq
      tree.add(head.hash)
      last = head
    }
    if (tree.size() >= everyRecords) void write()
  }

  function write(): Promise<void> {
    writing ??= writeDue().finally(() => {
      writing = undefined
    })
    return writing
  }

  async function writeAll(): Promise<void> {
    // It was signed before the last lines came.
    await writing
    await write()
  }

  async function writeDue(): Promise<void> {
    let isMoreDue: boolean
    do {
      isMoreDue = unwritten !== undefined
      unwritten ??= signNext()
      if (unwritten === undefined) return
      const line = unwritten
      try {
        // A loss of power may take neither lines that are signed, nor what a second place already has.
        await syncTrail(trail)
        await appendFile(path, `${isTorn ? '\n' : ''}${line}\n`, { mode: 0o640, flush: true })
      } catch (error) {
        isTorn = true
        onError(error)
        return
      }
      isTorn = false
      unwritten = undefined
      onCheckpoint(line)
    } while (isMoreDue || tree.size() >= everyRecords)
  }

  function signNext(): string | undefined {
    if (last === undefined || tree.size() === 0) return undefined
    const line = signedLine(key, from, last, tree)
    tree = merkleTree()
    return line
  }

  add(uncovered(trail, before.covered.seq))
  void write()
  const timer = setInterval(() => void write(), everySeconds * 1000).unref()
  return {
    signed: before.covered,
    add,
    write: writeAll,
    close: async () => {
      clearInterval(timer)
      await writeAll()
    },
  }
}

function signedLine(key: CheckpointKey, from: number, to: ChainHead, tree: MerkleTree): string {
  const json = JSON.stringify({
    v: 1,
    time: new Date().toISOString(),
    from,
    to: to.seq,
    count: tree.size(),
    root: tree.root(),
    lastHash: to.hash,
    keyId: key.id,
  })
  const signed = json.slice(0, -1)
  const signature = sign(null, Buffer.from(signed), key.privateKey).toString('base64url')
  return `${signed},"signature":"${signature}"}`
}

/** The heads of all lines after one, including those in files that rotation has put aside; reads none that is older. */
function uncovered(trail: string, seq: number): ChainHead[] {
  const files = [...segmentFiles(trail), ...(isThere(trail) ? [trail] : [])]
  let heads: ChainHead[] = []
  for (const file of files.reverse()) {
    const first = heads[0]?.seq ?? Number.POSITIVE_INFINITY
    if (first <= seq + 1) break
    // With the line that is covered, if it is here: then older files are, too.
    const found = headsAfter(file, seq - 1)
    if (found.length === 0 && file !== trail) break
    // A segment exists twice if its compression was interrupted.
    heads = [...found.filter((head) => head.seq < first), ...heads]
  }
  return heads.filter((head) => head.seq > seq)
}

/** Whether there is a file. One that cannot be reached is not taken for none: lines would be covered twice, or never. */
function isThere(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined
}

/**
 * How the file of checkpoints ends: the last line that a checkpoint covers, and whether an incomplete line follows that
 * checkpoint. The file may span years, so it is read from its end.
 */
function endOfCheckpoints(path: string): { readonly covered: ChainHead; readonly isTorn: boolean } {
  if (!isThere(path)) return { covered: genesis, isTorn: false }
  return withSource(path, (source) => {
    let isTorn = false
    for (const { bytes, isEnded } of linesBackward(source)) {
      isTorn ||= !isEnded
      const [, to, hash] = form.exec(bytes.toString('utf8')) ?? []
      if (to !== undefined && hash !== undefined) {
        return { covered: { seq: Number(to), hash }, isTorn }
      }
    }
    return { covered: genesis, isTorn }
  })
}

const form =
  /^\{"v":1,"time":"[^"]*","from":\d+,"to":(\d+),.*"lastHash":"([0-9a-f]{64})",.*"signature":"[^"]+"\}$/
