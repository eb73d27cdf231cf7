import { type MessagePort, parentPort, workerData } from 'node:worker_threads'
import { entryOperations } from './entry-operations.ts'
import { holdFile, isGone, removeLeft } from './holders.ts'
import { jobOperations } from './job-operations.ts'
import { openJobFile } from './open-file.ts'
import { watchPlace } from './watch-place.ts'

/** All operations on the file, by name. */
export type FileOperations = ReturnType<typeof entryOperations> &
  ReturnType<typeof jobOperations> & {
    /** Whether the path of the file still leads to it. */
    readonly isInPlace: () => boolean
  }

/** Calls that are made durable together, in their order. */
export type FileBatch = readonly {
  readonly name: keyof FileOperations
  readonly args: readonly unknown[]
}[]

/** The outcome of each call of a batch. */
export type FileOutcome = { readonly value: unknown } | FailedCall

/** A call that failed, because the file cannot be used, or because of a defect. */
export type FailedCall = { readonly fault: FileFault } | { readonly defect: unknown }

/** Why the file cannot be used. */
export interface FileFault {
  /** `SQLITE_13` and the like, by SQLite's own numbers, or a code of the system. */
  readonly code: string
  /** What SQLite says of such a code, such as `database or disk is full`; it contains nothing of the file. */
  readonly why?: string
}

/** What the thread sends: first whether it could open the file, then the outcomes of batch after batch. */
export type FileMessage =
  | { readonly holder: string }
  | { readonly unusable: string }
  | { readonly outcomes: readonly FileOutcome[] }

/*
 * The thread that works with the file. Syncing a disk takes a while, and only requests that need it should wait. The
 * calls that arrive during one commit are committed together in the next.
 */
function serve(file: string, port: MessagePort): void {
  const db = openJobFile(file)
  const holder = holdFile(file)
  removeLeft(file)
  const isInPlace = watchPlace(file)
  // Of a file that was moved, the holders are not found, although they live.
  const isEnded = (holderId: string) => isGone(file, holderId) && isInPlace()
  const jobs = jobOperations(db)
  const entries = entryOperations(db, isEnded, jobs.changeJob)
  const operations: FileOperations = { ...entries, ...jobs, isInPlace }
  const call = operations as unknown as Record<string, (...args: unknown[]) => unknown>

  function commit(batch: FileBatch): FileOutcome[] {
    try {
      // Whatever was accepted before is carried out and told of, but nothing else is accepted.
      if (batch.some(isNewJob) && !isInPlace()) throw moved
      const outcomes = batch.map(({ name, args }) => ({ value: call[name]?.(...args) }))
      db.exec('COMMIT')
      return outcomes
    } catch (error) {
      // SQLite may have rolled back by itself, as it does when the disk is full.
      if (db.isTransaction) db.exec('ROLLBACK')
      throw error
    }
  }

  function outcomesOf(batch: FileBatch): FileOutcome[] {
    try {
      db.exec(batch.every(isReading) ? 'BEGIN' : 'BEGIN IMMEDIATE')
    } catch (error) {
      // None of the calls is at fault, as when another process has the file locked. They have all waited for it.
      return batch.map(() => failedBy(error))
    }
    try {
      return commit(batch)
    } catch (error) {
      if (batch.length <= 1) return batch.map(() => failedBy(error))
      // One of the calls may have made all fail, so they are tried one by one.
      return batch.flatMap((each) => outcomesOf([each]))
    }
  }

  port.on('message', (batch: FileBatch | 'close') => {
    if (batch === 'close') {
      db.close()
      holder.release()
      port.close()
    } else {
      port.postMessage({ outcomes: outcomesOf(batch) } satisfies FileMessage)
    }
  })
  port.postMessage({ holder: holder.id } satisfies FileMessage)
}

/** What takes long if much is asked for, as by a command. Meanwhile a gateway must be able to write. */
const readings: ReadonlySet<string> = new Set(['getJob', 'results', 'listJobs', 'listDead'])

function isReading({ name }: FileBatch[number]): boolean {
  return readings.has(name)
}

const moved = Object.assign(new Error(), { code: 'EMOVED', errstr: 'it is no longer in its place' })

function isNewJob({ name, args: [queue] }: FileBatch[number]): boolean {
  return name === 'put' && queue === 'jobs'
}

function failedBy(error: unknown): FailedCall {
  const { errcode, errstr, code } = error as Readonly<Record<string, unknown>>
  const name = typeof errcode === 'number' ? `SQLITE_${errcode}` : code
  // Node's own, such as ERR_INVALID_ARG_TYPE, say that it was called in a wrong way.
  if (typeof name !== 'string' || name.startsWith('ERR_')) return { defect: error }
  return { fault: { code: name, ...(typeof errstr === 'string' && { why: errstr }) } }
}

if (parentPort !== null) {
  try {
    serve(String(workerData), parentPort)
  } catch (error) {
    parentPort.postMessage({ unusable: (error as Error).message } satisfies FileMessage)
  }
}
