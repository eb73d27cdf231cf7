import { existsSync, readdirSync } from 'node:fs'
import { readdir, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { SegmentTask } from './segment-worker.ts'

/** Takes care of the files that rotation has put aside. */
export interface Segments {
  /** Compresses and indexes a segment, after those that are waiting already. */
  readonly finish: (file: string) => void
  readonly close: () => Promise<void>
}

/**
 * Compresses and indexes the segments of a trail, one at a time, each in a thread of its own. Segments that were left
 * unfinished, because the process ended or the disk was full, are finished at the next start.
 * @param onError told when a segment could not be finished, which then stays as it is
 */
export function openSegments(
  trail: string,
  compress: SegmentTask['compress'],
  onError: (error: unknown) => void,
): Segments {
  const waiting = segmentFiles(trail).filter(
    (file) => /Z$/.test(file) && (compress !== 'none' || !existsSync(`${file}.idx`)),
  )
  let worker: Worker | undefined
  let isClosed = false

  function next(): void {
    const file = waiting.shift()
    if (file === undefined || isClosed) return
    const workerData: SegmentTask = { file, compress }
    worker = new Worker(new URL('segment-worker.ts', import.meta.url), { workerData })
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

/** The files that rotation has put aside (`FILE.TIME`, compressed or not), oldest first; none if there is no folder. */
export function segmentFiles(trail: string): string[] {
  const folder = dirname(trail)
  return existsSync(folder) ? segmentsAmong(readdirSync(folder), trail) : []
}

function segmentsAmong(names: readonly string[], trail: string): string[] {
  const form = new RegExp(`^${RegExp.escape(basename(trail))}\\.\\d{8}T\\d{9}Z(?:\\.gz|\\.zst)?$`)
  const folder = dirname(trail)
  return names
    .filter((name) => form.test(name))
    .sort()
    .map((name) => join(folder, name))
}

/** When segments are deleted. */
export interface Retention {
  /** How many are kept at most. */
  readonly keep: number
  /** How old a segment may get, in days. */
  readonly keepDays?: number
}

/** Deletes the segments that are no longer to be kept, and their indexes. */
export async function deleteOldSegments(
  trail: string,
  { keep, keepDays }: Retention,
): Promise<void> {
  const segments = segmentsAmong(await readdir(dirname(trail)), trail)
  const byName = Map.groupBy(segments, (file) => file.replace(/\.(?:gz|zst)$/, ''))
  const oldestMs = keepDays === undefined ? 0 : Date.now() - keepDays * 86_400_000
  for (const [index, [name, files]] of [...byName].entries()) {
    if (index >= byName.size - keep && putAsideMs(name) >= oldestMs) continue
    for (const file of [...files, `${name}.idx`]) await rm(file, { force: true })
  }
}

/** When the last segment was put aside, according to its name, in milliseconds since the epoch; 0 if there is none. */
export async function lastPutAsideMs(trail: string): Promise<number> {
  const last = segmentsAmong(await readdir(dirname(trail)), trail).at(-1)
  return last === undefined ? 0 : putAsideMs(last.replace(/\.(?:gz|zst)$/, ''))
}

/** When a segment was put aside, according to its name, in milliseconds since the epoch. */
function putAsideMs(name: string): number {
  const [, year, month, day, hour, minute, second, millisecond] =
    /\.(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(\d{3})Z$/.exec(name) ?? []
  return Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}.${millisecond}Z`)
}
