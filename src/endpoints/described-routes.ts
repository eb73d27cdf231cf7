import { endpointFinder } from '../authorize/composed-endpoint.ts'
import type { Endpoint } from '../contract/endpoint.ts'
import { meetRoutes, parseRoutePattern, unnamedRoute } from '../contract/route-pattern.ts'

/** A route as an integration can call it. */
export interface DescribedRoute {
  /** The grant that allows it. */
  readonly grant: string
  readonly method: string
  /** The segments starting with `V1`; each is a literal, or a colon and the name of a variable. */
  readonly segments: readonly string[]
  /** The endpoint that answers in place of Magento, if there is one. */
  readonly endpoint: Endpoint | undefined
}

/**
 * Lists every route that grants allow, each once: the granted routes, and those of endpoints that answer only some of
 * the requests of a grant. Paths that differ only in the names of their variables are the same path in OpenAPI 3.1
 * (section 4.8.8.1), so they get the names of the first.
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
    // If two grants have the same route, the first one counts.
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
