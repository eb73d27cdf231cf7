import { type Rejection, reject } from '../problem.ts'
import type { WholeAnswer } from '../request-context.ts'
import { isOver, type Job } from './job.ts'
import type { JobBackend } from './job-backend.ts'
import { jobView } from './job-view.ts'
import { isLeftOver, takeBack } from './take-back.ts'

/** What is done when a job is cancelled. */
export interface OnCancelled {
  /** Has its owner told. If it rejects, the job is not shown as cancelled yet. */
  readonly tell: (job: Job) => Promise<void>
  /** Records and counts a job that is now shown as cancelled; it does not reject. */
  readonly note: (job: Job) => Promise<void>
}

/**
 * Shows a job to its owner; for others it does not exist. An interrupted cancellation is completed first.
 * @param nowMs milliseconds since the epoch
 */
export async function showJob(
  id: string,
  owner: string,
  backend: JobBackend,
  nowMs: number,
  onCancelled: OnCancelled,
): Promise<WholeAnswer | Rejection> {
  const { store } = backend
  const found = await store.get(id)
  if (found?.owner !== owner) return reject('job-not-found', 'no job of this integration')
  const cancelled = isLeftOver(found, nowMs)
    ? await cancel(found, backend, nowMs, onCancelled)
    : undefined
  const job = cancelled ?? found
  // Results of many items are long, and until the job is over its progress says enough.
  return answerOf(jobView(job, isOver(job.state) ? await store.results(id) : []))
}

/**
 * Cancels a job for its owner, if it has not begun.
 * @param nowMs milliseconds since the epoch
 */
export async function cancelJob(
  id: string,
  owner: string,
  backend: JobBackend,
  nowMs: number,
  onCancelled: OnCancelled,
): Promise<WholeAnswer | Rejection> {
  const job = await backend.store.get(id)
  if (job?.owner !== owner) return reject('job-not-found', 'no job of this integration')
  if (isOver(job.state)) return reject('job-begun', `the job is ${job.state}`)
  const cancelled = await cancel(job, backend, nowMs, onCancelled)
  if (cancelled === undefined) return reject('job-begun', 'the job is under way')
  return answerOf(jobView(cancelled, []))
}

async function cancel(
  job: Job,
  backend: JobBackend,
  nowMs: number,
  { tell, note }: OnCancelled,
): Promise<Job | undefined> {
  const cancelled = await takeBack(job, backend, tell, nowMs)
  if (cancelled !== undefined) await note(cancelled)
  return cancelled
}

function answerOf(view: Record<string, unknown>): WholeAnswer {
  return {
    status: 200,
    contentType: 'application/json',
    body: Buffer.from(JSON.stringify(view)),
  }
}
