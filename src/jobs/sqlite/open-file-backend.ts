import { resolve } from 'node:path'
import { deletionClock } from '../../deletion-clock.ts'
import { BackendError, type JobBackend } from '../job-backend.ts'
import { fileQueue } from './file-queue.ts'
import { fileStore } from './file-store.ts'
import { forgetOld, type Keeping } from './forget-old.ts'
import { openJobFileThread } from './job-file.ts'

/** Where jobs are kept on one machine. */
export interface FileBackendSettings extends Keeping {
  readonly file: string
}

/** How often to look what other processes have done to the file, milliseconds. */
const pollMs = 1_000

/**
 * Keeps jobs in an SQLite file. Several processes of one machine may use the same file: a gateway that starts while
 * another drains, and commands. What a killed process had begun is taken over by the others within a second, or at the
 * next start.
 * @param onFault told when the file cannot be used; whatever can be is tried again
 * @throws {BackendError} when it cannot be opened
 */
export async function openFileBackend(
  { file: path, ...keeping }: FileBackendSettings,
  onFault: (error: unknown) => void,
): Promise<JobBackend> {
  // To SQLite, `:memory:` and whatever begins with `file:` are no paths.
  const file = await openJobFileThread(resolve(path), onFault)
  const clock = Date.now
  // Where that fails, as on a disk that is full, it is tried again below.
  await file.run('recover', file.holder).catch(onFault)
  const forgetBy = deletionClock()
  const closing = new AbortController()
  let isMoved = false
  const lookForFile = async () => {
    if (isMoved || (await file.run('isInPlace'))) return
    isMoved = true
    const what = `the file of jobs ${path}, or its -wal or -shm,`
    onFault(new BackendError('EMOVED', `${what} was moved, deleted or replaced`))
  }
  // Both once at a time: while a disk hangs, they would pile up. What a killed process had begun does not wait until all
  // that is old is forgotten, which may be much.
  let looking: Promise<unknown> | undefined
  let forgetting: Promise<void> | undefined
  const timer = setInterval(() => {
    looking ??= Promise.all([
      file.run('recover', file.holder).catch(onFault),
      lookForFile().catch(onFault),
    ]).finally(() => {
      looking = undefined
    })
    forgetting ??= forgetOld(file, keeping, forgetBy(), closing.signal)
      .catch(onFault)
      .finally(() => {
        forgetting = undefined
      })
  }, pollMs).unref()
  const open = (name: string) => fileQueue(file, { name, clock, pollMs, onFault })
  return {
    jobs: open('jobs'),
    callbacks: open('callbacks'),
    store: fileStore(file),
    isLost: () => isMoved || file.isLost(),
    close: async () => {
      clearInterval(timer)
      closing.abort()
      await Promise.all([looking, forgetting])
      await file.run('giveBack', file.holder).catch(onFault)
      await file.close()
    },
  }
}
