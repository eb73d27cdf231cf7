import { type Rejection, reject } from '../problem.ts'
import type { WholeAnswer } from '../request-context.ts'
import { isOver, type Job } from './job.ts'
import type { JobBackend } from './job-backend.ts'
import { jobView } from './job-view.ts'

/** What is done when a job was cancelled. */
export type OnCancelled = (job: Job) => Promise<void>

/** Shows a job to its owner; to others it is not there. */
export async function showJob(
  id: string,
  owner: string,
  { store }: JobBackend,
): Promise<WholeAnswer | Rejection> {
  const job = await store.get(id)
  if (job?.owner !== owner) return reject('job-not-found', 'no job of this integration')
  // Until it is over its progress says enough, and results of many items are long.
  return answerOf(jobView(job, isOver(job.state) ? await store.results(id) : []))
}

/** Cancels a job of its owner that has not begun. */
export async function cancelJob(
  id: string,
  owner: string,
  { store, jobs }: JobBackend,
  nowMs: number,
  onCancelled: OnCancelled,
): Promise<WholeAnswer | Rejection> {
  const job = await store.get(id)
  if (job?.owner !== owner) return reject('job-not-found', 'no job of this integration')
  if (isOver(job.state)) return reject('job-begun', `the job is ${job.state}`)
  const outcome = await jobs.cancel(id)
  if (outcome !== 'cancelled') return reject('job-begun', 'the job is under way')
  const change = { state: 'cancelled', endedAtMs: nowMs, nextAttemptAtMs: undefined } as const
  await store.change(id, change)
  const cancelled = { ...job, ...change }
  await onCancelled(cancelled)
  return answerOf(jobView(cancelled, []))
}

function answerOf(view: Record<string, unknown>): WholeAnswer {
  return {
    status: 200,
    contentType: 'application/json',
    body: Buffer.from(JSON.stringify(view)),
  }
}
