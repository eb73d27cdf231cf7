import { allow, type Check, type PolicyServices, type Verdict } from '../policy.ts'
import { openApiPath, type RequestContext } from '../request-context.ts'

/** Names of policies, or true for all that can be told to report. */
export type ReportOnly = true | readonly string[] | undefined

/** Whether a policy of an integration only reports. */
export function isReportOnly(
  { name, isReportable }: { readonly name: string; readonly isReportable?: true },
  reportOnly: ReportOnly,
): boolean {
  return isReportable === true && (reportOnly === true || reportOnly?.includes(name) === true)
}

/** The services of a policy that only reports: what it counts as refused was not. */
export function reportingServices(services: PolicyServices): PolicyServices {
  const { countExceeded } = services
  return {
    ...services,
    countExceeded: (integration, limit) => countExceeded(integration, limit, false),
  }
}

/** The check of a policy whose refusals go to the record, the log and the metrics, and no further. */
export function reportInstead(policy: string, check: Check, services: PolicyServices): Check {
  const report = (request: RequestContext, verdict: Verdict): Verdict => {
    // The one path that Magento does not have: nothing of it is ever forwarded.
    if (verdict === allow || request.target?.path === openApiPath) return verdict
    const { code, reason } = verdict
    request.reported = [...(request.reported ?? []), { policy, code, reason }]
    services.reportRefusal(request, policy, verdict)
    return allow
  }
  return function checkAndReport(request) {
    const verdict = check(request)
    if (!(verdict instanceof Promise)) return report(request, verdict)
    return verdict.then((settled) => report(request, settled))
  }
}
