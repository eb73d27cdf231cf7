import { Type } from 'typebox'
import { allow, definePolicy, type Verdict } from '../policy.ts'
import { reject } from '../problem.ts'
import type { RequestContext } from '../request-context.ts'
import { SchemaFileSetting } from './body-schema.ts'
import { WriteRouteSetting } from './route-pattern.ts'

/**
 * Holds bodies against the JSON Schemas of their routes. On a write no query parameter but `fields`
 * may stand, because Magento merges the query over the body (Magento:
 * Framework/Webapi/Rest/Request.php, getRequestData).
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
      if (validate === undefined) return allow
      if (request.json === undefined) {
        return reject('invalid-body', 'the route has a schema and there is no JSON body', {
          detail: 'This route needs a JSON body.',
        })
      }
      const violations = validate(request.json.value)
      if (violations.length === 0) return allow
      return reject('invalid-body', `body violates the schema in ${violations.length} places`, {
        violations,
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
