import type { WholeAnswer } from '../contract/whole-answer.ts'
import { type Rejection, reject } from '../problem.ts'
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

/** Which job a request is about, and which integration the request comes from. */
export interface AskedJob {
  readonly id: string
  readonly owner: string
}

/** What showing and cancelling a job needs. */
export interface OwnJobParts {
  readonly backend: JobBackend
  readonly onCancelled: OnCancelled
  /** The cancellations of this process that are not finished, by job: each job is cancelled, and recorded, once. */
  readonly underWay: Map<string, Promise<Job | undefined>>
  /** Milliseconds since the epoch. */
  readonly nowMs: number
}

/** Shows a job to its owner; for others it does not exist. An interrupted cancellation is completed first. */
export async function showJob(
  { id, owner }: AskedJob,
  parts: OwnJobParts,
): Promise<WholeAnswer | Rejection> {
  const { store } = parts.backend
  const found = await store.get(id)
  if (found?.owner !== owner) return notFound
  const cancelled = isLeftOver(found, parts.nowMs) ? await cancel(found, parts) : undefined
  const job = cancelled ?? found
  // Results of many items are long, and until the job is over its progress says enough.
  return answerOf(jobView(job, isOver(job.state) ? await store.results(id) : []))
}

/** Cancels a job for its owner, if it has not begun. */
export async function cancelJob(
  { id, owner }: AskedJob,
  parts: OwnJobParts,
): Promise<WholeAnswer | Rejection> {
  const job = await parts.backend.store.get(id)
  if (job?.owner !== owner) return notFound
  if (isOver(job.state)) return reject('job-begun', `the job is ${job.state}`)
  const cancelled = await cancel(job, parts)
  if (cancelled === undefined) return reject('job-begun', 'the job is under way')
  return answerOf(jobView(cancelled, []))
}

const notFound = reject('job-not-found', 'no job of this integration')

function cancel(job: Job, parts: OwnJobParts): Promise<Job | undefined> {
  const { underWay } = parts
  const known = underWay.get(job.id)
  if (known !== undefined) return known
  const cancelling = cancelNow(job, parts).finally(() => underWay.delete(job.id))
  underWay.set(job.id, cancelling)
  return cancelling
}

async function cancelNow(
  job: Job,
  { backend, nowMs, onCancelled }: OwnJobParts,
): Promise<Job | undefined> {
  const cancelled = await takeBack(job, backend, onCancelled.tell, nowMs)
  if (cancelled !== undefined) await onCancelled.note(cancelled)
  return cancelled
}

function answerOf(view: Record<string, unknown>): WholeAnswer {
  return {
    status: 200,
    contentType: 'application/json',
    body: Buffer.from(JSON.stringify(view)),
  }
}
