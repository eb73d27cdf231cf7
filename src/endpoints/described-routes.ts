import { endpointFinder } from '../authorize/composed-endpoint.ts'
import { meetRoutes, parseRoutePattern, unnamedRoute } from '../authorize/route-pattern.ts'
import type { Endpoint } from '../contract/endpoint.ts'

/** A route as an integration can call it. */
export interface DescribedRoute {
  /** The grant that lets it through. */
  readonly grant: string
  readonly method: string
  /** From `V1` on; a literal segment, or for a variable its name after a colon. */
  readonly segments: readonly string[]
  /** What answers in the place of Magento. */
  readonly endpoint: Endpoint | undefined
}

/**
 * The routes that grants lead to, each once: the granted ones, and those of endpoints that answer only some of
 * the requests of a grant. Paths that differ in the names of their variables only, which OpenAPI 3.1 has for
 * the same (section 4.8.8.1), have those of the first.
 */
export function describedRoutes(
  grants: readonly string[],
  endpoints: readonly Endpoint[],
): readonly DescribedRoute[] {
  const find = endpointFinder(endpoints)
  const named = new Map<string, readonly string[]>()
  const routes = new Map<string, DescribedRoute>()
  const note = (grant: string, segments: readonly string[]) => {
    const method = grant.slice(0, grant.indexOf(' '))
    const path = unnamedRoute(segments.join('/'))
    const first = named.get(path) ?? segments
    named.set(path, first)
    const key = `${method} ${path}`
    // Of two grants for one route the first one counts.
    if (routes.has(key)) return
    const { endpoint } = find(method, segments) ?? {}
    routes.set(key, { grant, method, segments: first, endpoint })
  }
  for (const grant of grants) {
    const pattern = parseRoutePattern(grant)
    if (pattern !== undefined) note(grant, pattern.segments)
  }
  const own = endpoints.flatMap((endpoint) => endpoint.routes)
  for (const grant of grants) {
    for (const route of own) {
      const met = meetRoutes(grant, route)
      if (met !== undefined) note(grant, met)
    }
  }
  return [...routes.values()]
}
