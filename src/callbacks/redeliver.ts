import { allDead } from '../jobs/all-dead.ts'
import type { DurableQueue } from '../jobs/durable-queue.ts'
import { isOver } from '../jobs/job.ts'
import type { JobBackend } from '../jobs/job-backend.ts'
import { callbackEntry, callbackId, callbackPrefix, jobOfCallback } from './callback-entry.ts'

/** The outcome of a request to send a call-back again. */
export type Redelivery =
  /** It was dead, and starts anew. */
  | 'put back'
  /** It had been delivered, and is sent again at once. One that waits to be sent again is left to its time. */
  | 'put'
  /** The job does not exist or has been forgotten, and it has no dead call-back. */
  | 'no such job'
  | 'not over'
  /** The integration has no call-back configured. */
  | 'nobody to call'

/**
 * Has the call-back of a job sent again, with the `webhook-id` that it had.
 * @param id that of the job, or of its call-back
 * @param nowMs milliseconds since the epoch
 * @param giveUpAfterMs how long call-backs of an integration are retried, milliseconds; undefined if it has none
 */
export async function redeliver(
  id: string,
  { callbacks, store }: Pick<JobBackend, 'callbacks' | 'store'>,
  nowMs: number,
  giveUpAfterMs: (owner: string) => number | undefined,
): Promise<Redelivery> {
  const jobId = jobOfCallback(id)
  const job = await store.get(jobId)
  if (job !== undefined && !isOver(job.state)) return 'not over'
  // A job that has been forgotten may still have a dead call-back.
  const known =
    job === undefined
      ? (await deadOf(jobId, callbacks)).at(-1)
      : { id: callbackId(job), owner: job.owner }
  if (known === undefined) return 'no such job'
  const lifeMs = giveUpAfterMs(known.owner)
  if (lifeMs === undefined) return 'nobody to call'
  if (await callbacks.putBack(known.id, nowMs + lifeMs)) return 'put back'
  if (job === undefined) return 'no such job'
  await callbacks.put(callbackEntry(job, nowMs, lifeMs))
  return 'put'
}

/** Removes the dead call-backs of a job, which may have ended more than once; false if there are none. */
export async function discardCallbacks(
  jobId: string,
  { callbacks }: Pick<JobBackend, 'callbacks'>,
): Promise<boolean> {
  let isAny = false
  for (const { id } of await deadOf(jobId, callbacks)) {
    if (await callbacks.discard(id)) isAny = true
  }
  return isAny
}

async function deadOf(jobId: string, callbacks: DurableQueue) {
  const prefix = callbackPrefix(jobId)
  return (await allDead(callbacks)).filter(({ id }) => id.startsWith(prefix))
}
