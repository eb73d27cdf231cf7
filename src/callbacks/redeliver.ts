import { allDead } from '../jobs/all-dead.ts'
import type { DurableQueue } from '../jobs/durable-queue.ts'
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
  /** The integration has no call-back configured. */
  | 'nobody to call'

/**
 * Has the call-back of a job sent again, with the `webhook-id` that it had.
 * @param nowMs milliseconds since the epoch
 * @param giveUpAfterMs how long one of an integration is sent again, milliseconds; undefined where it has none
 */
export async function redeliver(
  jobId: string,
  { callbacks, store }: Pick<JobBackend, 'callbacks' | 'store'>,
  nowMs: number,
  giveUpAfterMs: (owner: string) => number | undefined,
): Promise<Redelivery> {
  const job = await store.get(jobId)
  if (job !== undefined && !isOver(job.state)) return 'not over'
  // One that has been forgotten may still have a dead call-back.
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

/** Forgets the dead call-backs of a job, which may have ended more than once; false where there are none. */
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
