import { Type } from 'typebox'
import { WriteRouteSetting } from '../contract/route-pattern.ts'
import { closed } from '../contract/setting-forms.ts'
import { allow, definePolicy } from '../policy.ts'
import { reject } from '../problem.ts'
import { SchemaFileSetting } from './body-schema.ts'

/** Checks bodies against the JSON Schemas that the configuration has for their routes. */
export const requestSchema = definePolicy({
  name: 'request-schema',
  stage: 'authorize',
  isReportable: true,
  section: 'policies',
  key: 'requestSchema',
  settings: Type.Record(WriteRouteSetting(), SchemaFileSetting(), {
    ...closed,
    description: 'The JSON Schema of the body by granted route, such as POST /V1/products.',
  }),
  absent: {},
  prepare: (schemas) => {
    return function checkRequestSchema(request) {
      const validate = schemas[request.route ?? '']?.validate
      if (validate === undefined) return allow
      if (request.json === undefined) {
        return reject('invalid-body', 'the route has a schema and there is no JSON body', {
          detail: 'This route needs a JSON body.',
        })
      }
      const { value, text } = request.json
      const violations = validate(value, text.length)
      if (violations.length === 0) return allow
      return reject('invalid-body', `body violates the schema in ${violations.length} place(s)`, {
        violations,
      })
    }
  },
})
