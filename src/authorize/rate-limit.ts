import type { Static } from 'typebox'
import type { Limit, LimitDecision, LimitState } from '../contract/limit.ts'
import { compileRoutes, parseRoutePattern } from '../contract/route-pattern.ts'
import { withJitter } from '../contract/with-jitter.ts'
import { allow, definePolicy, type PolicyServices, type Verdict } from '../policy.ts'
import { type ProblemCode, type Rejection, reject } from '../problem.ts'
import type { RequestContext } from '../request-context.ts'
import { compileLimits } from './limits/compile-limits.ts'
import { describeLimit } from './limits/describe-limits.ts'
import { legacyFields, policyField, stateField } from './limits/limit-headers.ts'
import { RateLimitSettings } from './limits/limit-settings.ts'
import { compileCost, type RequestCost } from './limits/request-cost.ts'

/** Holds an integration to its limits, counted over all gateway processes. */
export const rateLimit = definePolicy({
  name: 'rate-limit',
  stage: 'authorize',
  isReportable: true,
  section: 'policies',
  key: 'rateLimit',
  settings: RateLimitSettings,
  prepare: (settings, services) => {
    const limitsOf = compileApplicable(settings, services.integration)
    const { onStoreFailure = 'local', legacyHeaders } = settings
    function verdictOn(
      request: RequestContext,
      { limits, policies }: Applicable,
      decision: LimitDecision,
    ): Verdict {
      if (decision.outcome === 'unlimited') return allow
      if (decision.outcome === 'refused') {
        // Those that are only reported refuse nothing.
        if (policies === '') return allow
        return reject('limits-unavailable', 'the store of the limits is away', {
          retryAfterSeconds: withJitter(1, services.random),
        })
      }
      const { states, isAllowed, release } = decision
      if (release !== undefined) request.atEnd(release)
      if (policies !== '') {
        request.answerHeaders.push('RateLimit-Policy', policies)
        request.answerHeaders.push('RateLimit', stateField(limits, states))
      }
      if (legacyHeaders) request.answerHeaders.push(...legacyFields(limits, states))
      request.limitUse = { limits, states }
      countExceeded(limits, states, services)
      return isAllowed ? allow : refusal(limits, states, services)
    }
    return function checkRateLimit(request) {
      const applicable = limitsOf(request)
      const { limits, costOf, leaseTokens } = applicable
      if (limits.length === 0) return allow
      const charge = { limits, cost: costOf(request), onStoreFailure, leaseTokens }
      return services
        .sharedLimiter(charge)
        .then((decision) => verdictOn(request, applicable, decision))
    }
  },
})

/** The limits that apply to a request, compiled. */
interface Applicable {
  /** The same array object for every request of a route. */
  readonly limits: readonly Limit[]
  readonly costOf: RequestCost
  /** The value of `RateLimit-Policy`; empty when no limit is enforced. */
  readonly policies: string
  /**
   * 0 when limits of a method or route apply as well. Each list of limits has a lease of its own, so that several lists
   * together could exceed the limits that they share by more than one lease.
   */
  readonly leaseTokens: number
}

/** Lists the limits of the whole integration first, then those of the method, then those of the route. */
function compileApplicable(
  settings: Static<typeof RateLimitSettings>,
  integration: string,
): (request: RequestContext) => Applicable {
  const { routes = {}, leaseTokens = 0, ...general } = settings
  const patterns = Object.keys(routes).flatMap((text) => parseRoutePattern(text) ?? [])
  const match = compileRoutes(patterns)
  const known = new Map<string, Applicable>()

  function applicableTo(scopes: readonly string[]): Applicable {
    const narrower = scopes.map((scope) => ({ scope, settings: routes[scope] ?? {} }))
    const all = [{ scope: undefined, settings: general }, ...narrower]
    const limits = all.flatMap((each) => compileLimits(integration, each.scope, each.settings))
    const cost = all.findLast((each) => each.settings.cost !== undefined)?.settings.cost
    return {
      limits,
      costOf: compileCost(cost ?? {}),
      policies: policyField(limits),
      leaseTokens: narrower.length === 0 ? leaseTokens : 0,
    }
  }

  return ({ method, target }) => {
    const pattern = patterns.length > 0 && match(method, target.segments)
    const ofMethod = Object.hasOwn(routes, method) ? [method] : []
    const scopes = pattern ? [...ofMethod, pattern.pattern.text] : ofMethod
    const key = scopes.at(-1) ?? ''
    let applicable = known.get(key)
    if (applicable === undefined) {
      applicable = applicableTo(scopes)
      known.set(key, applicable)
    }
    return applicable
  }
}

function countExceeded(
  limits: readonly Limit[],
  states: readonly LimitState[],
  services: PolicyServices,
): void {
  for (const [index, { name, isReportOnly }] of limits.entries()) {
    if (states[index]?.isExceeded) {
      services.countExceeded(services.integration, name, !isReportOnly)
    }
  }
}

const codes: Readonly<Record<Limit['kind'], ProblemCode>> = {
  rate: 'rate-limited',
  quota: 'quota-exceeded',
  concurrency: 'concurrency-exceeded',
}

/** Refuses with the exceeded limit that has to be waited for longest. */
function refusal(
  limits: readonly Limit[],
  states: readonly LimitState[],
  services: PolicyServices,
): Rejection {
  const exceeded = limits
    .map((limit, index) => ({ limit, state: states[index] as LimitState }))
    .filter(({ limit, state }) => state.isExceeded && !limit.isReportOnly)
    .sort((one, other) => other.state.retryAfterMs - one.state.retryAfterMs)
  const { limit, state } = exceeded[0] as (typeof exceeded)[number]
  const retryAfterSeconds = withJitter(state.retryAfterMs / 1000, services.random)
  return reject(codes[limit.kind], `limit exceeded: ${limit.name}`, {
    detail: `The limit "${limit.name}" (${describeLimit(limit)}) is exceeded. Try again in ${retryAfterSeconds} s.`,
    retryAfterSeconds,
    exceeded: exceeded.map((each) => each.limit.name),
  })
}
