import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inspect } from 'node:util'
import jsonata from 'jsonata'
import { evaluateMapping } from '../../src/endpoints/evaluate-mapping.ts'

const values = { name: 'Ann Example', tags: ['Ann Example'] }

for (const [expression, code] of [
  ['$number(name)', 'D3030'],
  ['$number(tags)', 'T0410'],
  ['name + 1', 'T2001'],
  ['$error(name)', 'D3137'],
] as const) {
  test(`an expression that fails tells where and why, and no value that it was about: ${expression}`, async () => {
    await assert.rejects(evaluateMapping(jsonata(expression), values), (error: Error) => {
      assert.match(error.message, new RegExp(`^JSONata ${code}, behind \\d+ characters$`))
      assert.doesNotMatch(inspect(error), /Ann Example/)
      return true
    })
  })
}
