import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compileBodySchema } from '../../src/authorize/body-schema.ts'

test('a body that is nested too deeply for a schema that refers to itself violates the schema', () => {
  const count = 100
  const $defs = Object.fromEntries(
    Array.from({ length: count }, (_, index) => [
      `step${index}`,
      { allOf: [{ $ref: `#/$defs/step${index + 1}` }] },
    ]),
  )
  const last = { type: 'object', properties: { below: { $ref: '#' } } }
  const validate = compileBodySchema({
    $ref: '#/$defs/step0',
    $defs: { ...$defs, [`step${count}`]: last },
  })
  const nested = (depth: number) => {
    let value: object = {}
    for (let level = 1; level < depth; level += 1) value = { below: value }
    return value
  }
  assert.deepEqual(validate(nested(5)), [])
  const expected = [{ pointer: '', expected: 'a value that is nested less deeply' }]
  assert.deepEqual(validate(nested(500)), expected)
  assert.deepEqual(validate(nested(5)), [])
})
