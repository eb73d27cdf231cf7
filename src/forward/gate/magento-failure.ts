import type { ProblemCode, Rejection } from '../../problem.ts'
import type { Outcome, UpstreamExchange } from '../../request-context.ts'
import { clientClosed } from '../../server/answer.ts'

/** No answer, or none that is whole. */
const failures: ReadonlySet<string> = new Set<ProblemCode>([
  'upstream-unreachable',
  'upstream-failed',
  'upstream-timeout',
])

/** What a web server or a load balancer says of a Magento that does not answer. */
const failingStatuses: ReadonlySet<number | undefined> = new Set([502, 503, 504])

/**
 * Whether an exchange shows that Magento does not work: it refused or broke the connection, it did not
 * answer in time, or it answered 502, 503 or 504. An error of one route (500) or of a caller (4xx) does not
 * show that, nor does an answer that has begun and then takes too long: it may be long, or read slowly.
 * @param result what is answered in the place of Magento's answer
 * @returns undefined where nothing can be said: nothing was sent, or the caller left
 */
export function hasMagentoFailed(
  upstream: UpstreamExchange | undefined,
  outcome: Outcome | undefined,
  result: object | undefined,
): boolean | undefined {
  if (upstream === undefined || outcome === clientClosed) return undefined
  const { status } = upstream
  if (failingStatuses.has(status)) return true
  const { code = '', reason } = (result ?? {}) as Partial<Rejection>
  if (failures.has(code)) return status === undefined || reason !== 'TOTAL_TIMEOUT'
  return status === undefined ? undefined : false
}
