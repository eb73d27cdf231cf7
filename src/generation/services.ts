import { prepareDecoy } from '../authenticate/decoy.ts'
import type { MagentoContract } from '../authorize/magento-contract/contract.ts'
import { publicOrigin } from '../config/public-origin.ts'
import type { Config } from '../config.ts'
import type { Endpoint } from '../contract/endpoint.ts'
import { definedEndpoint, type EndpointFileSettings } from '../endpoints/defined-endpoint.ts'
import { endpoints } from '../endpoints/endpoints.ts'
import type { LastingParts } from '../lasting/lasting-parts.ts'
import { tellOnce } from '../lasting/tell-once.ts'
import type { Services, SharedLimiter } from '../policy.ts'
import type { Rejection } from '../problem.ts'
import type { RequestContext } from '../request-context.ts'
import { type MemoryBuckets, memoryBuckets } from '../store/memory-buckets.ts'
import type { InheritedMap } from './inherited-map.ts'
import { boundLines } from './reported-lines.ts'

/** What the services need besides the configuration and the lasting parts. */
export interface ServiceParts {
  readonly sharedLimiter: SharedLimiter
  /** State of the limiters of this process, by their names. */
  readonly buckets: InheritedMap<MemoryBuckets>
  readonly contract: MagentoContract | undefined
}

/** Makes the services that the policies of one configuration may use. */
export function prepareServices(
  { gateway, endpoints: defined }: Config,
  { clock, log, metrics, tracing, store, penalties, isAuditDemandUnmet }: LastingParts,
  { sharedLimiter, buckets, contract }: ServiceParts,
): Services {
  const origin = publicOrigin(gateway.listen)
  const mayTell = boundLines(buckets, clock)
  function logReported(request: RequestContext, policy: string, rejection: Rejection): void {
    const { requestId, verified = '', route } = request
    const { code, reason, violations } = rejection
    const told = { requestId, integration: verified, route, policy, code, reason, violations }
    if (mayTell(verified)) log.info(told, 'a policy would refuse this request')
  }
  function define(settings: EndpointFileSettings): Endpoint {
    const { route } = settings
    const reportUnmapped = tellOnce((err) => {
      log.error({ route, err }, 'a write was carried out, but its answer could not be mapped')
    })
    return definedEndpoint(settings, reportUnmapped)
  }
  return {
    localLimiter: (name, limit, keys) => {
      // Made with the first request that is to be limited: few integrations have any.
      let named: MemoryBuckets | undefined
      return (key) => {
        named ??= buckets.take(name, () => memoryBuckets(keys, clock))
        return named.take(key, limit)
      }
    },
    sharedLimiter,
    sampleTrace: tracing?.sample,
    reportRefusal: (request, policy, rejection) => {
      metrics.countReported(request.verified ?? '', policy, rejection.code)
      logReported(request, policy, rejection)
    },
    countExceeded: metrics.limits.exceeded,
    penaltyOf: penalties.penaltyOf,
    random: Math.random,
    useNonce: store.useNonce,
    takeKey: store.takeKey,
    clock: Date.now,
    publicOrigin: origin,
    isPublicOriginKnown: gateway.listen.publicUrl !== undefined,
    // Endpoints that the shop defines take precedence over the built-in ones.
    endpoints: [...defined.map(define), ...endpoints],
    contract,
    keepsJobs: gateway.jobs !== undefined,
    jobLifeMs: (gateway.jobs?.expiryMinutes ?? 0) * 60_000,
    reportViolations: (request, policy, rejection) => {
      metrics.contract.violated(request.verified ?? '', request.route ?? 'none')
      logReported(request, policy, rejection)
    },
    reportDrift: ({ requestId, verified = '', route = '' }, violations) => {
      metrics.contract.drifted(verified, route)
      const told = { requestId, integration: verified, route, violations }
      if (mayTell(verified)) log.warn(told, 'an answer departs from the schema of Magento')
    },
    spendDecoy: prepareDecoy(origin, Date.now),
    isAuditDemandUnmet,
  }
}
