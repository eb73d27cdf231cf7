import { isOver } from '../jobs/job.ts'
import type { JobBackend } from '../jobs/job-backend.ts'
import { callbackEntry, callbackId, callbackPrefix } from './callback-entry.ts'

/** What became of the wish to have a call-back sent again. */
export type Redelivery =
  /** It was dead, and begins anew. */
  | 'put back'
  /** It was delivered, or waits already; it is sent as soon as it can be. */
  | 'put'
  /** There is no such job, or it has been forgotten, and no dead call-back of it either. */
  | 'no such job'
  | 'not over'

/**
 * Has the call-back of a job sent again, with the `webhook-id` that it had.
 * @param nowMs milliseconds since the epoch
 */
export async function redeliver(
  jobId: string,
  { callbacks, store }: Pick<JobBackend, 'callbacks' | 'store'>,
  nowMs: number,
  giveUpAfterMs: number,
): Promise<Redelivery> {
  const job = await store.get(jobId)
  if (job !== undefined && !isOver(job.state)) return 'not over'
  const id = job === undefined ? await findDead(jobId, callbacks) : callbackId(job)
  if (id !== undefined && (await callbacks.putBack(id, nowMs + giveUpAfterMs))) return 'put back'
  if (job === undefined) return 'no such job'
  await callbacks.put(callbackEntry(job, nowMs, giveUpAfterMs))
  return 'put'
}

/** The id of a dead call-back of a job that has been forgotten. */
async function findDead(
  jobId: string,
  callbacks: JobBackend['callbacks'],
): Promise<string | undefined> {
  const prefix = callbackPrefix(jobId)
  let after: string | undefined
  do {
    const page = await callbacks.listDead({ limit: pageLength, after })
    const found = page.find(({ id }) => id.startsWith(prefix))
    if (found !== undefined) return found.id
    after = page.length < pageLength ? undefined : page.at(-1)?.id
  } while (after !== undefined)
  return undefined
}

const pageLength = 200
