import { LRUCache } from 'lru-cache'
import { Type } from 'typebox'
import { jobRoutes } from '../contract/deferral.ts'
import { openApiPath, openApiRoute } from '../contract/open-api.ts'
import { compileRoutes, parseRoutePattern, type RoutePattern } from '../contract/route-pattern.ts'
import { allow, definePolicy } from '../policy.ts'
import { reject } from '../problem.ts'
import type { RequestContext } from '../request-context.ts'
import { GrantSetting, routesOf } from './granted-route.ts'
import { hasReservedName, type ReservedNames, reservedNames } from './reserved-names.ts'

/** A granted route, and the names that its variables do not stand for. */
interface GrantedPattern extends RoutePattern {
  readonly reserved: readonly ReservedNames[]
}

/** The pattern of a route, or none. Thousands of integrations may be granted the same routes, so they share the patterns. */
const patternsOf = new LRUCache<string, readonly GrantedPattern[]>({
  max: 10_000,
  memoMethod: (route) => {
    const pattern = parseRoutePattern(route)
    return pattern === undefined ? [] : [{ ...pattern, reserved: reservedNames(pattern) }]
  },
})

/** Lets an integration use the routes that it was granted, and no others. */
export const routeGrant = definePolicy({
  name: 'route-grant',
  stage: 'authorize',
  isReportable: true,
  section: 'policies',
  key: 'routes',
  settings: Type.Array(GrantSetting(), {
    uniqueItems: true,
    description: 'The granted routes; any other is refused.',
  }),
  absent: [],
  prepare: (grants, { keepsJobs }) => {
    const match = compileRoutes(routesOf(grants).flatMap((route) => patternsOf.memo(route)))
    return function checkRouteGrant(request) {
      if (request.target.path === openApiPath && request.method === 'GET') {
        request.route = openApiRoute
        request.ownRoute = 'open-api'
        return allow
      }
      if (keepsJobs && asksForJob(request)) return allow
      const { segments } = request.target
      const granted = match(request.method, segments)
      if (granted === undefined)
        return reject('route-not-granted', 'no grant matches this method and path')
      if (hasReservedName(granted.pattern.reserved, segments)) {
        const reason = 'Magento has another route for this path than was granted'
        return reject('route-not-granted', reason)
      }
      request.route = granted.pattern.text
      request.routeVariables = granted.variables
      return allow
    }
  },
})

/** Recognizes a request about a job. No grant is needed for it: an integration only ever sees its own jobs. */
function asksForJob(request: RequestContext): boolean {
  const [version, name, id, ...more] = request.target.segments
  if (version !== 'V1' || name !== 'jobs' || id === undefined || more.length > 0) return false
  if (request.method !== 'GET' && request.method !== 'DELETE') return false
  const { route, kind } = jobRoutes[request.method]
  request.route = route
  request.routeVariables = new Map([['id', id]])
  request.ownRoute = { kind, id }
  return true
}
