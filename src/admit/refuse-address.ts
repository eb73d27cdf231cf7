import { allow, type Verdict } from '../policy.ts'
import { reject } from '../problem.ts'
import type { RequestContext } from '../request-context.ts'

/**
 * Refuses the address of a caller that presented a token or certificate of its integration, and tells it so. A caller
 * that only named the integration is treated like one that named none, at the same point and with the same answer, so
 * that nobody can find out names.
 * @param reason for the audit
 */
export function refuseAddress(request: RequestContext, reason: string): Verdict {
  const by = request.claimed?.by
  if (by === 'token' || by === 'certificate') return reject('address-not-allowed', reason)
  request.claimFault ??= reason
  return allow
}
