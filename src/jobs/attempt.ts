import type { ItemLog } from '../contract/endpoint.ts'
import type { WholeAnswer } from '../contract/whole-answer.ts'
import type { Occasion, UpstreamRequest } from '../forward/upstream-request.ts'
import { problems, type Rejection } from '../problem.ts'
import { progressOf, stateOfResults } from './item-results.ts'
import type { JobAnswer, JobFailure, JobState, JobStore } from './job.ts'
import type { JobSender } from './job-environment.ts'
import type { JobRequest } from './job-payload.ts'
import { type AttemptJudgement, judge } from './judge-answer.ts'
import { asyncPath, readTakenBulk, type TakenBulk } from './magento-bulk.ts'

/** The outcome of an attempt, and what it means. */
export interface AttemptResult {
  readonly judgement: AttemptJudgement | 'taken'
  readonly answer?: JobAnswer | undefined
  readonly failure?: JobFailure | undefined
  /** The final state of the job, if its items say more about it than the answer. */
  readonly state?: JobState
  /** Whether some of its items have been carried out. */
  readonly hasItems?: boolean
  /** How long Magento asks not to be sent to, milliseconds. */
  readonly retryAfterMs?: number | undefined
  /** Magento's answer when it accepted the job as a bulk; only when an attempt was `taken`. */
  readonly bulk?: TakenBulk
}

/** Longest body of an answer that is kept. */
const keptAnswerBytes = 1_048_576

/** Sends a job once. */
export async function attempt(
  request: JobRequest,
  occasion: Occasion,
  sender: JobSender,
  store: JobStore,
): Promise<AttemptResult> {
  if (request.isComposed) return compose(request, occasion, sender, store)
  const isTaken = request.engine === 'magento'
  const path = isTaken ? asyncPath(request) : request.path
  const sent = await sender.send(occasion, upstreamRequest(request, path))
  const result = resultOf(sent)
  if (!isTaken || result.judgement !== 'done') return result
  const bulk = 'code' in sent ? undefined : readTakenBulk(sent.body)
  if (bulk === undefined) return { ...result, judgement: 'unknown', failure: notTaken }
  const { total, refused } = bulk
  const { id } = request.job
  if (refused.length > 0) await store.putResults(id, 0, refused)
  await store.change(id, { progress: progressOf(refused, total) })
  // Of nothing there is nothing to follow.
  if (refused.length === total) return { judgement: 'done', state: stateOfResults(refused) }
  return { judgement: 'taken', bulk }
}

/** Has an endpoint answer, and stores the results of its items as they come. */
async function compose(
  request: JobRequest,
  occasion: Occasion,
  sender: JobSender,
  store: JobStore,
): Promise<AttemptResult> {
  const { id } = request.job
  const done = await store.results(id)
  const results = [...done]
  const items: ItemLog = {
    done,
    note: async (more, total) => {
      const from = results.length
      results.push(...more)
      await store.putResults(id, from, more)
      await store.change(id, { progress: progressOf(results, total) })
    },
  }
  const result = resultOf(await sender.compose(occasion, request, items))
  if (results.length === 0) return result
  if (result.judgement !== 'done') return { ...result, hasItems: true }
  return { ...result, state: stateOfResults(results) }
}

/** What an answer, or the lack of one, says about the attempt. */
export function resultOf(result: WholeAnswer | Rejection): AttemptResult {
  const judgement = judge(result)
  if ('code' in result) {
    const { code, detail = problems[code][2], retryAfterSeconds } = result
    const failure = { code, detail }
    return { judgement, failure, retryAfterMs: millisecondsOf(retryAfterSeconds) }
  }
  const { status, contentType, body, retryAfterSeconds } = result
  const kept = body.length <= keptAnswerBytes ? { body } : {}
  return {
    judgement,
    answer: { status, contentType, ...kept },
    retryAfterMs: millisecondsOf(retryAfterSeconds),
  }
}

function upstreamRequest(request: JobRequest, path: string): UpstreamRequest {
  const { job, query, headers, body } = request
  return {
    method: job.method as UpstreamRequest['method'],
    path,
    query,
    headers,
    body: body.length === 0 ? undefined : body,
  }
}

function millisecondsOf(seconds: number | undefined): number | undefined {
  return seconds === undefined ? undefined : seconds * 1000
}

const notTaken: JobFailure = {
  code: 'upstream-error',
  detail: 'Magento accepted the job without naming the bulk that it made of it.',
}
