import { allow, type Verdict } from '../policy.ts'
import { reject } from '../problem.ts'
import type { RequestContext } from '../request-context.ts'

/**
 * Refuses the address of a caller that presented a token or certificate of its integration, and tells it so. Who only
 * named the integration is treated as one who named none, at the same moment and with the same answer, so
 * that names cannot be found out.
 * @param reason for the audit
 */
export function refuseAddress(request: RequestContext, reason: string): Verdict {
  const by = request.claimed?.by
  if (by === 'token' || by === 'certificate') return reject('address-not-allowed', reason)
  request.claimFault ??= reason
  return allow
}
