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

/** What integrations do with their jobs. For others the jobs do not exist. Times are milliseconds since the epoch. */
export interface OwnJobs {
  /** Shows a job. An interrupted cancellation is completed first. */
  readonly show: (asked: AskedJob, nowMs: number) => Promise<WholeAnswer | Rejection>
  /** Cancels a job that has not begun. */
  readonly cancel: (asked: AskedJob, nowMs: number) => Promise<WholeAnswer | Rejection>
}

/** Shows and cancels the jobs of a backend. */
export function ownJobs(
  backend: Pick<JobBackend, 'store' | 'jobs'>,
  { tell, note }: OnCancelled,
): OwnJobs {
  const { store } = backend
  // The cancellations that are not finished, by job: each job is cancelled, and recorded, once.
  const underWay = new Map<string, Promise<Job | undefined>>()

  function cancel(job: Job, nowMs: number): Promise<Job | undefined> {
    const known = underWay.get(job.id)
    if (known !== undefined) return known
    const cancelling = cancelNow(job, nowMs).finally(() => underWay.delete(job.id))
    underWay.set(job.id, cancelling)
    return cancelling
  }

  async function cancelNow(job: Job, nowMs: number): Promise<Job | undefined> {
    const cancelled = await takeBack(job, backend, tell, nowMs)
    if (cancelled !== undefined) await note(cancelled)
    return cancelled
  }

  return {
    show: async ({ id, owner }, nowMs) => {
      const found = await store.get(id)
      if (found?.owner !== owner) return notFound
      const cancelled = isLeftOver(found, nowMs) ? await cancel(found, nowMs) : undefined
      const job = cancelled ?? found
      // Results of many items are long, and until the job is over its progress says enough.
      return answerOf(jobView(job, isOver(job.state) ? await store.results(id) : []))
    },
    cancel: async ({ id, owner }, nowMs) => {
      const job = await store.get(id)
      if (job?.owner !== owner) return notFound
      if (isOver(job.state)) return reject('job-begun', `the job is ${job.state}`)
      const cancelled = await cancel(job, nowMs)
      if (cancelled === undefined) return reject('job-begun', 'the job is under way')
      return answerOf(jobView(cancelled, []))
    },
  }
}

const notFound = reject('job-not-found', 'no job of this integration')

function answerOf(view: Record<string, unknown>): WholeAnswer {
  return {
    status: 200,
    contentType: 'application/json',
    body: Buffer.from(JSON.stringify(view)),
  }
}
