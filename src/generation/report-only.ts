import { openApiPath } from '../contract/open-api.ts'
import { allow, type Check, type PolicyServices, type Verdict } from '../policy.ts'
import type { RequestContext } from '../request-context.ts'

/** Names of the policies that only report, or true for all that can. */
export type ReportOnly = true | readonly string[] | undefined

/** Whether a policy of an integration is set to report only. */
export function isReportOnly(
  { name, isReportable }: { readonly name: string; readonly isReportable?: true },
  reportOnly: ReportOnly,
): boolean {
  return isReportable === true && (reportOnly === true || reportOnly?.includes(name) === true)
}

/** The services of a policy that only reports: what it counts as exceeded is not counted as enforced. */
export function reportingServices(services: PolicyServices): PolicyServices {
  const { countExceeded } = services
  return {
    ...services,
    countExceeded: (integration, limit) => countExceeded(integration, limit, false),
  }
}

/**
 * Wraps the check of a policy so that its refusals go to record, log and metrics, and the request goes on; what it
 * would tell the caller is not told.
 */
export function reportInstead(policy: string, check: Check, services: PolicyServices): Check {
  const report = (request: RequestContext, told: number, verdict: Verdict): Verdict => {
    request.answerHeaders.length = told
    // Where its caller has left meanwhile, its record is made already, and nothing is done for it any more.
    if (verdict === allow || request.isRecorded) return allow
    const { code, reason } = verdict
    // A path that Magento does not have: but for its GET a request for it has nowhere to go on to.
    if (code === 'route-not-granted' && request.target.path === openApiPath) return verdict
    request.reported = [...(request.reported ?? []), { policy, code, reason }]
    services.reportRefusal(request, policy, verdict)
    return allow
  }
  return function checkAndReport(request) {
    const told = request.answerHeaders.length
    const verdict = check(request)
    if (!(verdict instanceof Promise)) return report(request, told, verdict)
    return verdict.then((settled) => report(request, told, settled))
  }
}
