import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { BackendError } from '../job-backend.ts'
import type {
  FileBatch,
  FileFault,
  FileMessage,
  FileOperations,
  FileOutcome,
} from './file-worker.ts'

function faultError({ code, why }: FileFault): BackendError {
  const message = 'the file of jobs could not be used'
  return new BackendError(code, why === undefined ? message : `${message}: ${why}`)
}

/** The file of jobs, which another thread has open. */
export interface JobFile {
  /** Identifies this process among those that use the file. */
  readonly holder: string
  /**
   * Runs an operation; resolves when its result is on disk. Operations are done in the order of the calls, and
   * those that come while a transaction is being written are done together in the next one.
   */
  readonly run: <Name extends keyof FileOperations>(
    name: Name,
    ...args: Parameters<FileOperations[Name]>
  ) => Promise<ReturnType<FileOperations[Name]>>
  /** Whether the thread has ended unasked, so that every operation fails from now on. */
  readonly isLost: () => boolean
  /** Resolves when all operations are done and the file is closed. */
  readonly close: () => Promise<void>
}

interface Waiting {
  readonly name: keyof FileOperations
  readonly args: readonly unknown[]
  readonly resolve: (value: never) => void
  readonly reject: (error: unknown) => void
}

/**
 * Opens the file in a thread of its own.
 * @param onFault told of a defect that has ended the thread
 * @throws {BackendError} when it cannot be opened
 */
export async function openJobFileThread(
  file: string,
  onFault: (error: unknown) => void,
): Promise<JobFile> {
  const worker = new Worker(new URL('file-worker.ts', import.meta.url), { workerData: file })
  const [first] = (await once(worker, 'message')) as [FileMessage]
  if (!('holder' in first)) {
    const why = 'unusable' in first ? first.unusable : 'no answer'
    throw new BackendError('EJOBFILE', `the file of jobs ${file} cannot be used: ${why}`)
  }
  let waiting: Waiting[] = []
  let underWay: Waiting[] | undefined
  let isGone = false
  let isClosing = false
  let onIdle: (() => void) | undefined

  function sendNext(): void {
    if (underWay !== undefined || waiting.length === 0) return
    underWay = waiting
    waiting = []
    worker.postMessage(underWay.map(({ name, args }) => ({ name, args })) satisfies FileBatch)
  }

  function settle(outcomes: readonly FileOutcome[]): void {
    const settled = underWay ?? []
    underWay = undefined
    for (const [index, { resolve, reject }] of settled.entries()) {
      const outcome = outcomes[index]
      if (outcome === undefined) reject(faultError({ code: 'UNKNOWN' }))
      else if ('value' in outcome) resolve(outcome.value as never)
      else reject('defect' in outcome ? outcome.defect : faultError(outcome.fault))
    }
    sendNext()
    if (underWay === undefined) onIdle?.()
  }

  worker.on('message', (message: FileMessage) => {
    if ('outcomes' in message) settle(message.outcomes)
  })
  // A defect in the thread. What it had begun is left as if the process had been killed.
  worker.on('error', onFault)
  worker.on('exit', () => {
    isGone = true
    for (const { reject } of [...(underWay ?? []), ...waiting])
      reject(faultError({ code: 'EXITED' }))
    underWay = undefined
    waiting = []
    onIdle?.()
  })

  return {
    holder: first.holder,
    run: (name, ...args) =>
      new Promise((resolve, reject) => {
        if (isGone) return reject(faultError({ code: 'EXITED' }))
        waiting.push({ name, args, resolve, reject })
        // Operations of one turn of the event loop go together.
        if (underWay === undefined) setImmediate(sendNext)
      }),
    isLost: () => isGone && !isClosing,
    close: async () => {
      isClosing = true
      if (underWay !== undefined || waiting.length > 0) {
        await new Promise<void>((resolve) => {
          onIdle = resolve
        })
      }
      if (isGone) return
      // Also if the thread fails in closing, of which `onFault` is told.
      const exited = new Promise((resolve) => worker.once('exit', resolve))
      worker.postMessage('close')
      await exited
    },
  }
}
