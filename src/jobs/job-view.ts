import { parseJson } from '../syntax/parse-json.ts'
import type { Job, JobItemResult } from './job.ts'

/** A job as its owner sees it, in JSON. */
export function jobView(job: Job, results: readonly JobItemResult[]): Record<string, unknown> {
  const { id, state, method, route, requestId, attempts, progress, answer, failure } = job
  return {
    jobId: id,
    state,
    method,
    route,
    requestId,
    acceptedAt: timeOf(job.acceptedAtMs),
    expiresAt: timeOf(job.expiresAtMs),
    startedAt: timeOf(job.startedAtMs),
    endedAt: timeOf(job.endedAtMs),
    attempts,
    nextAttemptAt: timeOf(job.nextAttemptAtMs),
    progress,
    failure,
    answer: answer && {
      status: answer.status,
      contentType: answer.contentType,
      body: answer.body && bodyOf(answer.body, answer.contentType),
    },
    ...(results.length > 0 && { results }),
  }
}

function timeOf(atMs: number | undefined): string | undefined {
  return atMs === undefined ? undefined : new Date(atMs).toISOString()
}

/** The parsed value if it is JSON, otherwise the text. */
function bodyOf(body: Buffer, contentType: string): unknown {
  const text = body.toString('utf8')
  if (!/\bjson\b/i.test(contentType)) return text
  const value = parseJson(text)
  return value === undefined ? text : value
}
