import { Type } from 'typebox'
import {
  decodedVariables,
  type Endpoint,
  type JsonSchema,
  type MatchedEndpoint,
  type PlannedCall,
} from '../contract/endpoint.ts'
import { errorCode } from '../contract/error-code.ts'
import type { JsonBody } from '../contract/json-body.ts'
import { onceFor } from '../contract/once-for.ts'
import { compileRoutes, parseRoutePattern } from '../contract/route-pattern.ts'
import { allow, definePolicy, type Verdict } from '../policy.ts'
import { reject } from '../problem.ts'
import { compileBodySchema } from './body-schema.ts'
import { hasReservedName, reservedNames } from './reserved-names.ts'

/** Finds the gateway's own endpoint for a granted route, if there is one, and checks the body against its schema. */
export const composedEndpoint = definePolicy({
  name: 'composed-endpoint',
  stage: 'authorize',
  section: 'policies',
  key: 'endpoints',
  settings: Type.Enum(['compose', 'forward'], {
    description:
      "Answer the gateway's own routes with calls to Magento, or forward them to a module that Magento has for them.",
  }),
  absent: 'compose',
  prepare: (mode, { endpoints }) => {
    if (mode === 'forward') return () => allow
    const find = endpointFinder(endpoints)
    return function checkEndpoint(request) {
      const found = find(request.method, request.target.segments)
      if (found === undefined) return allow
      const { endpoint } = found
      const body = request.json?.value
      const call = endpoint.plan?.({ variables: decodedVariables(found), body })
      if (call !== undefined && isOfAnotherRoute(endpoint, call)) {
        return reject('route-not-granted', 'Magento has another route for the call of the endpoint')
      }
      request.endpoint = call === undefined ? found : { ...found, call }
      const verdict = checkBody(endpoint, request.json)
      if (verdict !== allow || call === undefined) return verdict
      // Where json-body only reports, or the route takes other media types. To the mappings it would be no body at all.
      if (request.json === undefined && request.body.length > 0) {
        return notOfItsForm('the endpoint cannot read the body')
      }
      return call.method === 'GET' ? allow : checkMapping(call)
    }
  },
})

function checkBody(endpoint: Endpoint, json: JsonBody | undefined): Verdict {
  if (endpoint.request === undefined) return allow
  const violations = validatorOf(endpoint.request)(json?.value, json?.text.length)
  if (violations.length === 0) return endpoint.objection?.(json?.value) ?? allow
  return reject('invalid-body', `body violates the schema in ${violations.length} place(s)`, {
    violations,
    ...(endpoint.explain && { detail: endpoint.explain(violations) }),
    members: { success: false },
  })
}

/** Refuses a body that cannot be mapped, such as one with a number where the expression needs a text. */
async function checkMapping(call: PlannedCall): Promise<Verdict> {
  try {
    await call.bodyOf()
    return allow
  } catch (error) {
    const code = errorCode(error)
    const isTooLong = code === 'D1012' || code === 'D2015'
    const reason = `the mapping of the body fails: ${code}`
    if (!isTooLong) return notOfItsForm(reason)
    const detail = 'The body has too much in it for this endpoint. Send it in parts.'
    return reject('invalid-body', reason, { detail, members: { success: false } })
  }
}

function notOfItsForm(reason: string): Verdict {
  return reject('invalid-body', reason, {
    detail: 'The body does not have the form that this endpoint needs.',
    members: { success: false },
  })
}

/** Whether Magento would take a call for one of another route than the endpoint is to call. */
function isOfAnotherRoute({ calls = [] }: Endpoint, { segments }: PlannedCall): boolean {
  return calls.some((route) => hasReservedName(reservedOf(route), segments))
}

const reservedOf = onceFor(reservedNames)

/** Finds the endpoint of a request; when two have the same route, the first one. */
export type FindEndpoint = (
  method: string,
  segments: readonly string[],
) => MatchedEndpoint | undefined

/** Builds the finder once for all integrations, since they share one list of endpoints. */
export const endpointFinder = onceFor((endpoints: readonly Endpoint[]): FindEndpoint => {
  const match = compileRoutes(
    endpoints.flatMap((endpoint) =>
      endpoint.routes.flatMap((route) => {
        const pattern = parseRoutePattern(route)
        return pattern === undefined ? [] : [{ ...pattern, endpoint }]
      }),
    ),
  )
  return (method, segments) => {
    const found = match(method, segments)
    return found && { endpoint: found.pattern.endpoint, variables: found.variables }
  }
})

const validatorOf = onceFor((schema: JsonSchema) => compileBodySchema(schema))
