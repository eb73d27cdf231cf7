import { parseRoutePattern, variableOf } from '../authorize/route-pattern.ts'
import { escapePointer } from '../json-pointer.ts'
import type { Fault } from './faults.ts'
import type { GatewaySettings } from './gateway-settings.ts'
import type { IntegrationSettings } from './integration-settings.ts'

type RuleFault = Pick<Fault, 'pointer' | 'expected'>

/*
 * What is never kept: jobs, whose state is what is asked for; tokens, passwords and second factors; carts, and
 * what belongs to whoever is signed in.
 */
const neverKept =
  /^(?:bulk|carts?|guest-carts|integration|jobs?|me|mine|tfa)$|cart|password|payment|token/i

/** What must hold of the routes of an integration whose answers are kept. */
export function checkCacheRules({ policies, upstream }: IntegrationSettings): RuleFault[] {
  const { cache, routes } = policies
  if (cache === undefined) return []
  if (upstream.passthrough) {
    const expected = 'none, since with passthrough every caller has an answer of its own'
    return [{ pointer: '/policies/cache', expected }]
  }
  return Object.keys(cache).flatMap((route) => {
    const expected = routeFault(route, routes ?? [])
    const pointer = `/policies/cache/${escapePointer(route)}`
    return expected === undefined ? [] : [{ pointer, expected }]
  })
}

function routeFault(route: string, granted: readonly unknown[]): string | undefined {
  const { method, segments: [, ...segments] = [] } = parseRoutePattern(route) ?? {}
  if (method !== 'GET') return 'a GET, since only answers to reads are kept'
  if (variableOf(segments[0] ?? '') !== undefined) {
    return 'a literal after V1, so that carts, jobs and tokens are not among what is kept'
  }
  const literals = segments.filter((segment) => variableOf(segment) === undefined)
  if (literals.some((segment) => neverKept.test(segment))) {
    return 'a route of neither jobs, tokens nor carts, whose answers are never kept'
  }
  if (!granted.includes(route)) return 'a route that is granted in /policies/routes'
  return undefined
}

/** What must hold of the bounds on what is kept. */
export function checkCacheBounds({ cache }: GatewaySettings): RuleFault[] {
  if (cache.answerKiB <= cache.memoryMiB * 1024) return []
  return [{ pointer: '/cache/answerKiB', expected: 'no more than memoryMiB' }]
}
