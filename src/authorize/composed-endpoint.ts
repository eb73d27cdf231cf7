import { Type } from 'typebox'
import type { Endpoint } from '../endpoint.ts'
import { allow, definePolicy } from '../policy.ts'
import { reject } from '../problem.ts'
import { type BodyValidator, compileBodySchema } from './body-schema.ts'
import { compileRoutes, parseRoutePattern } from './route-pattern.ts'

/**
 * Finds the endpoint of the gateway's own that answers a granted route, and holds the body against its
 * schema.
 */
export const composedEndpoint = definePolicy({
  name: 'composed-endpoint',
  stage: 'authorize',
  section: 'policies',
  key: 'endpoints',
  settings: Type.Enum(['compose', 'forward'], {
    description:
      'Answer the routes of the gateway by calls to Magento, or hand them to a module that Magento has for them.',
  }),
  absent: 'compose',
  prepare: (mode, { endpoints }) => {
    if (mode === 'forward' || endpoints.length === 0) return () => allow
    const byRoute = new Map(
      endpoints.flatMap((endpoint) => endpoint.routes.map((route) => [route, endpoint])),
    )
    const match = compileRoutes(
      [...byRoute.keys()].map(parseRoutePattern).filter((route) => route !== undefined),
    )
    const validators = new Map<Endpoint, BodyValidator>()
    function validatorOf(endpoint: Endpoint, schema: object): BodyValidator {
      const known = validators.get(endpoint) ?? compileBodySchema(schema)
      validators.set(endpoint, known)
      return known
    }
    return function checkEndpoint(request) {
      const found = request.target && match(request.method, request.target.segments)
      const endpoint = found && byRoute.get(found.pattern.text)
      if (found === undefined || endpoint === undefined) return allow
      request.endpoint = { endpoint, variables: found.variables }
      if (endpoint.request === undefined) return allow
      const violations = validatorOf(endpoint, endpoint.request)(request.json?.value)
      if (violations.length === 0) return allow
      return reject('invalid-body', `body violates the schema in ${violations.length} places`, {
        violations,
        ...(endpoint.explain && { detail: endpoint.explain(violations) }),
        members: { success: false },
      })
    }
  },
})
