import { meetRoutes, parseRoutePattern, variableOf } from '../authorize/route-pattern.ts'
import type { EndpointFileSettings } from '../endpoints/defined-endpoint.ts'
import { escapePointer } from '../syntax/json-pointer.ts'
import type { Fault, ReadSettings, RuleFault } from './faults.ts'
import type { GatewaySettings } from './gateway-settings.ts'
import type { IntegrationSettings } from './integration-settings.ts'

/*
 * Paths whose answers are never kept: jobs, since callers ask for their current state; tokens, passwords and second
 * factors; carts, and whatever belongs to the customer who is signed in.
 */
const neverKept =
  /^(?:bulk|carts?|guest-carts|integration|jobs?|me|mine|tfa)$|cart|password|payment|token/i

/** Checks the cached routes of an integration. */
export function checkCacheRules({ policies, upstream }: IntegrationSettings): RuleFault[] {
  const { cache } = policies
  if (cache === undefined) return []
  if (upstream.passthrough) {
    const expected = 'none, since with passthrough every caller has an answer of its own'
    return [{ pointer: '/policies/cache', expected }]
  }
  return Object.keys(cache).flatMap((route) => {
    const expected = readFault(route)
    const pointer = `/policies/cache/${escapePointer(route)}`
    return expected === undefined ? [] : [{ pointer, expected }]
  })
}

/** Checks cached routes that endpoints answer: the call of the endpoint is subject to the same rules. */
export function checkCachedEndpoints(
  { file, lineOf, settings }: ReadSettings<IntegrationSettings>,
  endpoints: readonly ReadSettings<EndpointFileSettings>[],
): Fault[] {
  const { cache = {}, endpoints: mode } = settings?.policies ?? {}
  if (mode === 'forward') return []
  return Object.keys(cache).flatMap((cached) =>
    endpoints.flatMap(({ file: endpointFile, settings: endpoint }) => {
      if (endpoint === undefined || meetRoutes(cached, endpoint.route) === undefined) return []
      const { call } = endpoint
      const fault = readFault(call.route)
      if (fault === undefined) return []
      const pointer = `/policies/cache/${escapePointer(cached)}`
      const expected = `${fault}: ${endpointFile} has it call ${call.route}`
      return [{ file, pointer, line: lineOf(pointer), expected }]
    }),
  )
}

/** Why the answers of a route must not be kept. */
function readFault(route: string): string | undefined {
  const { method, segments: [, ...segments] = [] } = parseRoutePattern(route) ?? {}
  if (method !== 'GET') return 'a GET, since only answers to reads are kept'
  if (variableOf(segments[0] ?? '') !== undefined) {
    return 'a literal after V1, so that carts, jobs and tokens are not among what is kept'
  }
  const literals = segments.filter((segment) => variableOf(segment) === undefined)
  if (literals.some((segment) => neverKept.test(segment))) {
    return 'a route of neither jobs, tokens nor carts, whose answers are never kept'
  }
  return undefined
}

/** Checks the bounds of the cache against each other. */
export function checkCacheBounds({ cache }: GatewaySettings): RuleFault[] {
  if (cache.answerKiB <= cache.memoryMiB * 1024) return []
  return [{ pointer: '/cache/answerKiB', expected: 'no more than memoryMiB' }]
}
