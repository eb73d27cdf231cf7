import type { UpstreamAnswer } from '../forward/upstream-exchange.ts'
import type { Rejection } from '../problem.ts'
import type { JobFailure } from './job.ts'

/** What an attempt came to. */
export type AttemptJudgement =
  /** It has been carried out. */
  | 'done'
  /** Magento says no, and will say so again. */
  | 'refused'
  /** Magento takes nothing from the integration until somebody repairs its credentials or rights. */
  | 'unauthorized'
  /** Nothing has been carried out, and it may be otherwise later. */
  | 'nothing-done'
  /** Nobody knows whether it has been carried out. */
  | 'unknown'

/** Problems that say that nothing reached Magento, or that it does not take anything now. */
const nothingDone: ReadonlySet<string> = new Set([
  'upstream-unreachable',
  'upstream-unavailable',
  'upstream-busy',
  'circuit-open',
])

/** Problems of a connection that stood, or of an error page: Magento may have done it. */
const unknownEnds: ReadonlySet<string> = new Set([
  'upstream-failed',
  'upstream-timeout',
  'upstream-error',
  'internal-error',
])

/** Whether a job that failed so is kept, to be put back by who has repaired the cause. */
export function canBePutBack({ code }: JobFailure): boolean {
  return code === 'expired' || code === 'interrupted' || unknownEnds.has(code)
}

/** Says what an answer, or that there is none, means for what was asked. */
export function judge(result: UpstreamAnswer | Rejection): AttemptJudgement {
  if ('code' in result) {
    // The connection never stood.
    if (result.reason === 'UND_ERR_CONNECT_TIMEOUT') return 'nothing-done'
    if (nothingDone.has(result.code)) return 'nothing-done'
    return unknownEnds.has(result.code) ? 'unknown' : 'refused'
  }
  return judgeStatus(result.status)
}

function judgeStatus(status: number): AttemptJudgement {
  if (status < 300) return 'done'
  if (status === 401) return 'unauthorized'
  // RFC 6585, section 4, and maintenance: neither is carried out.
  if (status === 429 || status === 503) return 'nothing-done'
  // Of a proxy in front of Magento, which has not had its answer.
  if (status === 502 || status === 504) return 'unknown'
  return 'refused'
}
