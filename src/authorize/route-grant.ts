import { Type } from 'typebox'
import { allow, definePolicy } from '../policy.ts'
import { reject } from '../problem.ts'
import { openApiPath, openApiRoute } from '../request-context.ts'
import { GrantSetting, routesOf } from './granted-route.ts'
import { compileRoutes, parseRoutePattern } from './route-pattern.ts'

/** Lets an integration use the routes that it was granted, and nothing else. */
export const routeGrant = definePolicy({
  name: 'route-grant',
  stage: 'authorize',
  section: 'policies',
  key: 'routes',
  settings: Type.Array(GrantSetting(), {
    uniqueItems: true,
    description: 'The granted routes; what is not listed is refused.',
  }),
  absent: [],
  prepare: (grants) => {
    const match = compileRoutes(
      routesOf(grants)
        .map(parseRoutePattern)
        .filter((route) => route !== undefined),
    )
    return function checkRouteGrant(request) {
      if (request.target?.path === openApiPath && request.method === 'GET') {
        request.route = openApiRoute
        return allow
      }
      const granted = request.target && match(request.method, request.target.segments)
      if (!granted) return reject('route-not-granted', 'no grant matches this method and path')
      request.route = granted.pattern.text
      request.routeVariables = granted.variables
      return allow
    }
  },
})
