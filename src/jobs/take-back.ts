import { isOver, type Job } from './job.ts'
import type { JobBackend } from './job-backend.ts'

/**
 * Cancels a job that has not begun. It first notes that this was asked for, so that if the cancellation is
 * interrupted {@link isLeftOver} shows that to whoever looks at the job next.
 * @param job as it is now, not over
 * @param tell has its owner told; called before the job is shown as cancelled, and every time with the same end
 * @param nowMs milliseconds since the epoch
 * @returns the cancelled job; undefined if it has begun
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
  // If the job is in no queue and not over, another cancellation has taken it out; an earlier one was interrupted.
  const isOut = outcome === 'absent' && !(await isOverNow(id, store))
  const isBack = outcome === 'cancelled' || (isOut && job.cancelAskedAtMs !== undefined)
  if (!isBack) {
    // One of another process may be interrupted yet, and only the note shows that.
    if (!isOut) await store.change(id, { cancelAskedAtMs: undefined })
    return undefined
  }
  const end = cancelledAt(cancelAskedAtMs)
  // Attempts may have been made since the job was read.
  const cancelled = { ...((await store.get(id)) ?? job), ...end }
  await tell(cancelled)
  await store.change(id, end)
  return cancelled
}

/** The change that shows a job as cancelled; milliseconds since the epoch. */
export function cancelledAt(endedAtMs: number) {
  return {
    state: 'cancelled',
    endedAtMs,
    nextAttemptAtMs: undefined,
    cancelAskedAtMs: undefined,
  } as const
}

/** Whether a cancellation of the job began so long ago that it must have been interrupted. */
export function isLeftOver({ state, cancelAskedAtMs }: Job, nowMs: number): boolean {
  return cancelAskedAtMs !== undefined && !isOver(state) && nowMs - cancelAskedAtMs >= finishedInMs
}

const finishedInMs = 10_000

async function isOverNow(id: string, store: JobBackend['store']): Promise<boolean> {
  const job = await store.get(id)
  return job === undefined || isOver(job.state)
}
