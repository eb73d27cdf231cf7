import { allow, type Step } from '../policy.ts'
import { reject } from '../problem.ts'

/** Refuses writes while they could not be recorded. */
export const auditTrail: Step<unknown> = {
  name: 'audit-trail',
  prepare: (_facts, { isAuditDemandUnmet }) =>
    function checkAuditTrail({ method }) {
      if (method === 'GET' || !isAuditDemandUnmet()) return allow
      return reject('audit-unavailable', 'the audit trail cannot be written', {
        retryAfterSeconds: 5,
      })
    },
}
