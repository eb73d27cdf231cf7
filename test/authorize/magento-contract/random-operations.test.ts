import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  compileContract,
  type Operation,
} from '../../../src/authorize/magento-contract/contract.ts'
import {
  operationsOf,
  parseSwagger,
  type SwaggerDocument,
  type SwaggerOperation,
  type SwaggerSchema,
} from '../../../src/authorize/magento-contract/swagger.ts'
import { parseQuery } from '../../../src/authorize/query-parameters.ts'
import { parseStrictJson } from '../../../src/authorize/strict-json.ts'
import { shopDocument } from '../../support/shop-document.ts'

/*
 * Fifty operations chosen by a fixed seed. With SHOP_SCHEMA the document of a real shop is taken:
 * SHOP_SCHEMA=config/magento/schema.json node --test test/authorize/magento-contract/random-operations.test.ts
 */
const seed = 20261124
const file = process.env.SHOP_SCHEMA
const document =
  file === undefined ? shopDocument : (parseSwagger(readFileSync(file, 'utf8')) as SwaggerDocument)
const bounds = { maxStringLength: 1000, maxItems: 100 }
const contract = compileContract(document, bounds)
const byRoute = new Map(contract.operations.map((each) => [each.route, each]))

/** A value of a schema, as a client might send it. */
function anyOf(schema: SwaggerSchema, depth = 0): fc.Arbitrary<unknown> {
  const { type, $ref, items, properties } = schema
  if ($ref !== undefined) {
    return anyOf(document.definitions?.[$ref.slice('#/definitions/'.length)] ?? {}, depth)
  }
  if (type === 'string') return fc.string({ maxLength: 20 })
  if (type === 'integer') return fc.oneof(fc.integer(), fc.integer().map(String))
  if (type === 'number') return fc.oneof(fc.integer(), fc.constantFrom(1.5, '2.50', '7'))
  if (type === 'boolean') return fc.constantFrom(true, false, 1, '0')
  if (type === 'array') {
    return depth > 4 ? fc.constant([]) : fc.array(anyOf(items ?? {}, depth + 1), { maxLength: 2 })
  }
  if (properties === undefined || depth > 4) return fc.constant({})
  const members = Object.entries(properties).map(([name, each]) => [name, anyOf(each, depth + 1)])
  return fc.record(Object.fromEntries(members), { requiredKeys: [], noNullPrototype: true })
}

interface Call {
  readonly route: string
  readonly body: unknown
  readonly query: string
}

/** A call that Magento understands: everything that is required, and some of what is not. */
function callOf([route, { parameters = [] }]: [string, SwaggerOperation]): fc.Arbitrary<Call> {
  const schema = parameters.find((each) => each.in === 'body')?.schema
  const query = parameters.filter((each) => each.in === 'query')
  const values: Record<string, string> = { integer: '7', number: '7', boolean: '1', string: 'a' }
  const pairs = query.map(({ name, type = '' }) =>
    type === 'array' ? `${name}[0]=7` : `${name}=${values[type]}`,
  )
  const required = schema?.required ?? []
  const body = fc.record(
    Object.fromEntries(
      Object.entries(schema?.properties ?? {}).map(([name, each]) => [name, anyOf(each)]),
    ),
    { requiredKeys: [...required], noNullPrototype: true },
  )
  return body.map((value) => ({ route, body: value, query: pairs.join('&') }))
}

function violations({ checkBody, checkQuery }: Operation, { body, query }: Call) {
  return [...checkBody(body, 'sync'), ...checkQuery(parseQuery(query) ?? [])]
}

const wrongOf: Record<string, unknown> = { integer: 'x', number: 'x', boolean: 'x', string: [1] }

/** Five ways in which a call stops being one that Magento understands. */
function mutationsOf(call: Call, schema: SwaggerSchema | undefined): Record<string, Call | string> {
  const body = call.body as Record<string, unknown>
  const [name = 'x', member = {}] = Object.entries(schema?.properties ?? {})[0] ?? []
  const target = member.$ref === undefined ? member : {}
  const text = JSON.stringify(body)
  return {
    'an unknown member': { ...call, body: { ...body, unknownMember: 1 } },
    'a member of the wrong type': {
      ...call,
      body: { ...body, [name]: wrongOf[target.type ?? ''] ?? 'no object' },
    },
    'something else than an object': { ...call, body: [body] },
    'an unknown query parameter': { ...call, query: `${call.query}&unknownParameter=1` },
    'a name that stands twice': `{"a":1,${text === '{}' ? '' : `${text.slice(1, -1)},`}"a":1}`,
  }
}

test('of fifty operations a valid call passes and each of five mutations is refused', () => {
  const operations = operationsOf(document)
  const chosen = fc.sample(fc.shuffledSubarray(operations, { minLength: 50, maxLength: 50 }), {
    seed,
    numRuns: 1,
  })[0]
  assert.equal(chosen?.length, 50)
  let refused = 0
  for (const [route, operation] of chosen ?? []) {
    const compiled = byRoute.get(route)
    assert.ok(compiled !== undefined, route)
    for (const call of fc.sample(callOf([route, operation]), { seed, numRuns: 5 })) {
      assert.deepEqual(violations(compiled, call), [], `${route} ${JSON.stringify(call)}`)
    }
    const [call] = fc.sample(callOf([route, operation]), { seed, numRuns: 1 })
    assert.ok(call !== undefined)
    const schema = operation.parameters?.find((each) => each.in === 'body')?.schema
    for (const [name, mutated] of Object.entries(mutationsOf(call, schema))) {
      const isRefused: boolean =
        typeof mutated === 'string'
          ? 'fault' in parseStrictJson(Buffer.from(mutated))
          : violations(compiled, mutated).length > 0
      assert.ok(isRefused, `${route}: ${name}`)
      refused += 1
    }
  }
  assert.equal(refused, 250)
})
