import type { UpstreamExchange } from '../../contract/upstream-exchange.ts'
import type { ProblemCode, Rejection } from '../../problem.ts'
import type { Outcome } from '../../request-context.ts'
import { clientClosed } from '../../server/answer.ts'
import { answerTooLong, isTotalTimeout } from '../upstream-failure.ts'

/** Problems which mean that there was no answer, or an incomplete one. */
const failures: ReadonlySet<ProblemCode> = new Set([
  'upstream-unreachable',
  'upstream-failed',
  'upstream-timeout',
])

/** What a web server or load balancer answers in place of a Magento that does not. */
export const downStatuses: ReadonlySet<number | undefined> = new Set([502, 503, 504])

/**
 * Whether an exchange shows that Magento does not work: the connection was refused or broke off, there was no answer
 * in time, or the status was 502, 503 or 504. The error of one route (500) or of a caller (4xx) does not show that, nor
 * does an answer that is too long, or that has begun and takes too long: its caller may read slowly. Nor does a request
 * for which little time was left when it was sent, as after a long time in the queue.
 * @param rejection what the caller gets instead of Magento's answer
 * @param fairMs how long Magento must have had for an answer, milliseconds
 * @returns undefined if nothing can be concluded: nothing was sent, or the caller left
 */
export function hasMagentoFailed(
  upstream: Pick<UpstreamExchange, 'status' | 'durationMs'> | undefined,
  outcome: Outcome | undefined,
  rejection: Rejection | undefined,
  fairMs: number,
): boolean | undefined {
  if (upstream === undefined || outcome === clientClosed) return undefined
  const { status, durationMs = 0 } = upstream
  if (downStatuses.has(status)) return true
  if (rejection === answerTooLong) return false
  const isFailure = rejection !== undefined && failures.has(rejection.code)
  if (isFailure && !isTotalTimeout(rejection)) return true
  if (status !== undefined) return false
  return isFailure && durationMs >= fairMs ? true : undefined
}
