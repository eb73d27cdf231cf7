import { meetRoutes, parseRoutePattern, variableOf } from '../authorize/route-pattern.ts'
import type { EndpointFileSettings } from '../endpoints/defined-endpoint.ts'
import { escapePointer } from '../syntax/json-pointer.ts'
import type { Fault, ReadSettings, RuleFault } from './faults.ts'
import type { GatewaySettings } from './gateway-settings.ts'
import type { IntegrationSettings } from './integration-settings.ts'

/*
 * What is never kept: jobs, whose state is what is asked for; tokens, passwords and second factors; carts, and
 * what belongs to whoever is signed in.
 */
const neverKept =
  /^(?:bulk|carts?|guest-carts|integration|jobs?|me|mine|tfa)$|cart|password|payment|token/i

/** What must hold of the routes of an integration whose answers are kept. */
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

/** What is never kept is not kept behind the name of an endpoint either: its call is held to the same rules. */
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

/** What is wrong with what is read. */
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

/** What must hold of the bounds on what is kept. */
export function checkCacheBounds({ cache }: GatewaySettings): RuleFault[] {
  if (cache.answerKiB <= cache.memoryMiB * 1024) return []
  return [{ pointer: '/cache/answerKiB', expected: 'no more than memoryMiB' }]
}
