import type { Job, JobState } from '../jobs/job.ts'

/** Types of call-backs, by how the job ended. */
const types = {
  done: 'job.succeeded',
  partial: 'job.partial',
  failed: 'job.failed',
  cancelled: 'job.cancelled',
} as const satisfies Partial<Record<JobState, string>>

/** Longer texts are cut, so that a call-back stays far below the 20 KiB that receivers expect. */
const maxTextLength = 1_000

/**
 * What an integration is told about a job that is over: JSON in the form of Standard Webhooks 1.0. It contains nothing
 * that the job itself does not show, and of its items only their number.
 * @param job over, with `endedAtMs`
 */
export function callbackPayload(job: Job): string {
  const { id, route, state, attempts, progress, failure, answer, acceptedAtMs, endedAtMs } = job
  if (!(state in types) || endedAtMs === undefined) throw new TypeError('the job is not over')
  const endedAt = new Date(endedAtMs).toISOString()
  return JSON.stringify({
    type: types[state as keyof typeof types],
    timestamp: endedAt,
    data: {
      id,
      state,
      route: cut(route),
      acceptedAt: new Date(acceptedAtMs).toISOString(),
      endedAt,
      attempts,
      ...(answer && { status: answer.status }),
      ...(failure && { failure: { code: failure.code, detail: cut(failure.detail) } }),
      ...(progress && {
        items: {
          total: progress.total,
          succeeded: progress.done - progress.failed,
          failed: progress.failed,
        },
      }),
    },
  })
}

function cut(text: string): string {
  return text.length > maxTextLength ? `${text.slice(0, maxTextLength)}…` : text
}
