import { Type } from 'typebox'
import { allow, definePolicy, type Verdict } from '../policy.ts'
import { reject } from '../problem.ts'
import type { RequestContext } from '../request-context.ts'
import { type BodyValidator, SchemaFileSetting } from './body-schema.ts'
import { WriteRouteSetting } from './route-pattern.ts'
import { parseStrictJson } from './strict-json.ts'

// Magento takes other types and spellings too, and reads them with another parser.
const jsonMediaType = /^application\/json(?: *; *charset="?utf-8"?)?$/i

/**
 * Lets through only bodies that Magento reads as the gateway does: strict JSON, and where the route
 * has a schema, matching it. On a write no query parameter but `fields` may stand, because Magento
 * merges the query over the body (Magento: Framework/Webapi/Rest/Request.php, getRequestData).
 */
export const requestSchema = definePolicy({
  name: 'request-schema',
  stage: 'authorize',
  section: 'policies',
  key: 'requestSchema',
  settings: Type.Record(WriteRouteSetting(), SchemaFileSetting(), {
    additionalProperties: false,
    description: 'The JSON Schema of the body by granted route, such as POST /V1/products.',
  }),
  absent: {},
  prepare: (schemas) => {
    return function checkRequestSchema(request) {
      const queryVerdict = checkWriteQuery(request)
      if (queryVerdict !== allow) return queryVerdict
      const validate = schemas[request.route ?? '']?.validate
      if (request.body.length > 0) return checkBody(request, validate)
      if (validate === undefined) return allow
      return reject('invalid-body', 'the route has a schema and the body is empty', {
        detail: 'This route needs a JSON body.',
      })
    }
  },
})

function checkWriteQuery(request: RequestContext): Verdict {
  const query = request.target?.query
  if (!query || request.method === 'GET') return allow
  const isFieldsOnly = query.split('&').every((pair) => pair.startsWith('fields='))
  return isFieldsOnly ? allow : reject('query-not-allowed', 'a write has a query parameter')
}

function checkBody(request: RequestContext, validate: BodyValidator | undefined): Verdict {
  if (!jsonMediaType.test(request.header('content-type') ?? '')) {
    return reject('unsupported-media-type', 'content type is not application/json')
  }
  if (request.header('content-encoding') !== undefined) {
    return reject('unsupported-media-type', 'body has a content coding')
  }
  const parsed = parseStrictJson(request.body)
  if ('fault' in parsed) return reject('invalid-json', parsed.fault, { detail: parsed.fault })
  const violations = validate?.(parsed.value) ?? []
  if (violations.length === 0) return allow
  return reject('invalid-body', `body violates the schema in ${violations.length} places`, {
    violations,
  })
}
