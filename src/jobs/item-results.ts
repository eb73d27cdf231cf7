import type { JobItemResult, JobProgress, JobState } from './job.ts'

/**
 * How far a job is.
 * @param results those of its items that have one
 * @param total how many items it has
 */
export function progressOf(results: readonly JobItemResult[], total: number): JobProgress {
  const failed = results.filter(({ success }) => !success).length
  return { total, done: results.length, failed }
}

/** The final state of a job by the results of all its items. */
export function stateOfResults(results: readonly JobItemResult[]): JobState {
  const done = results.filter(({ success }) => success).length
  if (done === results.length) return 'done'
  return done === 0 ? 'failed' : 'partial'
}

/** The final state of a job that broke off, by the results of those items that have one. */
export function stateOfBrokenOff(results: readonly JobItemResult[]): JobState {
  return results.some(({ success }) => success) ? 'partial' : 'failed'
}
