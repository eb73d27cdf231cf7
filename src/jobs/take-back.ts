import { isOver, type Job } from './job.ts'
import type { JobBackend } from './job-backend.ts'

/**
 * Cancels a job that has not begun. That this was asked for is kept first, so that {@link isLeftOver} tells
 * whoever looks next of one that was not finished.
 * @param job as it stands, not over
 * @param tell has its owner told; called before it is shown as cancelled, each time with the same end
 * @param nowMs milliseconds since the epoch
 * @returns the cancelled job; undefined where it has begun
 */
export async function takeBack(
  job: Job,
  { store, jobs }: Pick<JobBackend, 'store' | 'jobs'>,
  tell: (cancelled: Job) => Promise<void>,
  nowMs: number,
): Promise<Job | undefined> {
  const { id } = job
  const cancelAskedAtMs = job.cancelAskedAtMs ?? nowMs
  if (job.cancelAskedAtMs === undefined) await store.change(id, { cancelAskedAtMs })
  const outcome = await jobs.cancel(id)
  // What is in no queue any more, and not over, was taken back when it was asked for before.
  const wasBack = outcome === 'absent' && job.cancelAskedAtMs !== undefined
  const isBack = outcome === 'cancelled' || (wasBack && !(await isOverNow(id, store)))
  if (!isBack) {
    await store.change(id, { cancelAskedAtMs: undefined })
    return undefined
  }
  const end = cancelledAt(cancelAskedAtMs)
  const cancelled = { ...job, ...end }
  await tell(cancelled)
  await store.change(id, end)
  return cancelled
}

/** How a job is shown that was cancelled; milliseconds since the epoch. */
export function cancelledAt(endedAtMs: number) {
  return {
    state: 'cancelled',
    endedAtMs,
    nextAttemptAtMs: undefined,
    cancelAskedAtMs: undefined,
  } as const
}

/** Whether somebody began to cancel a job so long ago that nobody is about to finish it. */
export function isLeftOver({ state, cancelAskedAtMs }: Job, nowMs: number): boolean {
  return cancelAskedAtMs !== undefined && !isOver(state) && nowMs - cancelAskedAtMs >= finishedInMs
}

const finishedInMs = 10_000

async function isOverNow(id: string, store: JobBackend['store']): Promise<boolean> {
  const job = await store.get(id)
  return job === undefined || isOver(job.state)
}
