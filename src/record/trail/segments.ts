import { existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { Worker } from 'node:worker_threads'
import type { TrailRotation } from '../audit-settings.ts'
import {
  indexFileOf,
  plainName,
  putAsideMs,
  readSegmentFiles,
  segmentEndings,
  segmentFiles,
} from './segment-files.ts'
import type { SegmentTask } from './segment-worker.ts'

/** Takes care of the files that rotation has put aside. */
export interface Segments {
  /** Compresses and indexes a segment, after those that are waiting already. */
  readonly finish: (file: string) => void
  readonly close: () => Promise<void>
}

/** Parsing millions of lines would let it grow to what the gateway's own thread needs. */
const youngGeneration = { maxYoungGenerationSizeMb: 8 }

/**
 * Compresses and indexes the segments of a trail, one at a time, each in a thread of its own. Segments that were left
 * unfinished, because the process ended or the disk was full, are finished at the next start.
 * @param onError told when a segment could not be finished, which then stays as it is
 */
export function openSegments(
  trail: string,
  compress: TrailRotation['compress'],
  onError: (error: unknown) => void,
): Segments {
  const waiting = segmentFiles(trail).filter(
    (file) => /Z$/.test(file) && (compress !== 'none' || !existsSync(indexFileOf(file))),
  )
  let worker: Worker | undefined
  let isClosed = false

  function next(): void {
    const file = waiting.shift()
    if (file === undefined || isClosed) return
    const workerData: SegmentTask = { file, compress }
    const url = new URL('segment-worker.ts', import.meta.url)
    worker = new Worker(url, { workerData, resourceLimits: youngGeneration })
    worker.unref()
    worker.once('error', onError)
    worker.once('exit', () => {
      worker = undefined
      next()
    })
  }
  next()
  return {
    finish: (file) => {
      waiting.push(file)
      if (worker === undefined) next()
    },
    close: async () => {
      isClosed = true
      await worker?.terminate()
    },
  }
}

/**
 * Deletes the segments that are no longer to be kept, and their indexes.
 * @param nowMs milliseconds since the epoch
 * @param sign waited for before that; segments that are put aside meanwhile may not be signed, and stay
 */
export async function deleteOldSegments(
  trail: string,
  { keep, keepDays }: Pick<TrailRotation, 'keep' | 'keepDays'>,
  nowMs: number,
  sign: () => Promise<void>,
): Promise<void> {
  const names = [...new Set((await readSegmentFiles(trail)).map(plainName))]
  const oldestMs = keepDays === undefined ? 0 : nowMs - keepDays * 86_400_000
  const old = names.filter(
    (name, index) => index < names.length - keep || putAsideMs(name) < oldestMs,
  )
  await sign()
  for (const name of old) {
    const files = segmentEndings.map((ending) => `${name}${ending}`)
    for (const file of [...files, indexFileOf(name)]) await rm(file, { force: true })
  }
}
