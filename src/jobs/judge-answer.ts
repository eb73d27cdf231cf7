import type { WholeAnswer } from '../contract/whole-answer.ts'
import { isNothingDone, type ProblemCode, type Rejection } from '../problem.ts'
import type { JobFailure } from './job.ts'

/** What the outcome of an attempt means. */
export type AttemptJudgement =
  /** The job has been carried out. */
  | 'done'
  /** Magento refuses it, and would refuse it again. */
  | 'refused'
  /** Magento accepts nothing from the integration until somebody repairs its credentials or rights. */
  | 'unauthorized'
  /** Nothing has been carried out, and a later attempt may succeed. */
  | 'nothing-done'
  /** It is not known whether the job has been carried out. */
  | 'unknown'

/** Problems after which Magento may have carried it out: the connection was established, or there was an error page. */
const unknownEnds: ReadonlySet<string> = new Set<ProblemCode>([
  'upstream-failed',
  'upstream-timeout',
  'upstream-error',
  'internal-error',
])

/** Whether a job with this failure is kept as a dead letter, so that it can be put back once the cause is repaired. */
export function canBePutBack({ code }: JobFailure): boolean {
  return code === 'expired' || code === 'interrupted' || unknownEnds.has(code)
}

/** What an answer, or the lack of one, means for the job. */
export function judge(result: WholeAnswer | Rejection): AttemptJudgement {
  if ('code' in result) {
    if (isNothingDone(result.code, result.reason)) return 'nothing-done'
    return unknownEnds.has(result.code) ? 'unknown' : 'refused'
  }
  return judgeStatus(result.status)
}

function judgeStatus(status: number): AttemptJudgement {
  if (status < 300) return 'done'
  if (status === 401) return 'unauthorized'
  // Too many requests (RFC 6585, section 4) and maintenance: neither has been carried out.
  if (status === 429 || status === 503) return 'nothing-done'
  // A proxy in front of Magento has sent it on and got no answer.
  if (status === 502 || status === 504) return 'unknown'
  return 'refused'
}
