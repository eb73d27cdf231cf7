import { meetRoutes, parseRoutePattern, variableOf } from '../contract/route-pattern.ts'
import type { EndpointFileSettings } from '../endpoints/defined-endpoint.ts'
import { escapePointer } from '../syntax/json-pointer.ts'
import { faultAt, type RuleFault } from './faults.ts'
import type { GatewaySettings } from './gateway-settings.ts'
import type { IntegrationSettings } from './integration-settings.ts'
import type { LoadedFile } from './load-file.ts'

/*
 * Paths whose answers are never kept: jobs, since callers ask for their current state; tokens, passwords and second
 * factors; carts, and whatever belongs to the customer who is signed in.
 */
const neverKept = /^(?:bulk|integration|jobs?|me|mine|tfa)$|cart|password|payment|token/i

/** Checks the cached routes of an integration. */
export function checkCacheRules({ policies, upstream }: IntegrationSettings): RuleFault[] {
  const { cache } = policies
  if (cache === undefined) return []
  if (upstream.passthrough) {
    return faultAt(
      '/policies/cache',
      'none, since with passthrough every caller has an answer of its own',
    )
  }
  return Object.keys(cache).flatMap((route) => faultAt(placeOf(route), expectedOf(route)))
}

function placeOf(route: string): string {
  return `/policies/cache/${escapePointer(route)}`
}

/** Checks cached routes that endpoints answer: the call of the endpoint is subject to the same rules. */
export function checkCachedEndpoints(
  { policies: { cache = {}, endpoints: mode } }: IntegrationSettings,
  defined: readonly LoadedFile<EndpointFileSettings>[],
): RuleFault[] {
  if (mode === 'forward') return []
  return Object.keys(cache).flatMap((cached) =>
    defined.flatMap(({ file, sound: endpoint }) => {
      if (endpoint === undefined || meetRoutes(cached, endpoint.route) === undefined) return []
      const called = endpoint.call.route
      const expected = expectedOf(called)
      return faultAt(placeOf(cached), expected && `${expected}: ${file} has it call ${called}`)
    }),
  )
}

/** What is expected instead of a route whose answers must not be kept; undefined if they may be. */
function expectedOf(route: string): string | undefined {
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
  return faultAt(
    '/cache/answerKiB',
    cache.answerKiB > cache.memoryMiB * 1024 && 'no more than memoryMiB',
  )
}
