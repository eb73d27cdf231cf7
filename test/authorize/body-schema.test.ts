import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compileBodySchema } from '../../src/authorize/body-schema.ts'
import { compileBounded } from '../../src/authorize/bounded-check.ts'
import { requestSchema } from '../../src/authorize/request-schema.ts'
import { maxViolations } from '../../src/problem.ts'
import { requestContext } from '../support/request.ts'
import { services } from '../support/services.ts'
import { rejectionOf } from '../support/verdicts.ts'

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

test('so does one whose parts are checked again and again, in several branches of each level', () => {
  const node = (type: string) => ({
    type: 'object',
    properties: {
      below: { $ref: '#/$defs/node' },
      values: { type: 'array', items: { type: 'string', maxLength: 1_000_000 } },
      type: { const: type },
    },
    required: ['type'],
  })
  const validate = compileBodySchema({
    $ref: '#/$defs/node',
    $defs: { node: { anyOf: [node('one'), node('other')] } },
  })
  const nested = (depth: number, innermost: object) => {
    let value = innermost
    for (let level = 1; level < depth; level += 1) value = { below: value, type: 'other' }
    return value
  }
  const check = (value: object) => validate(value, JSON.stringify(value).length)
  assert.deepEqual(check(nested(10, { type: 'one' })), [])
  assert.equal(check(nested(3, { type: 'none' }))[0]?.expected, 'must be equal to constant')
  const expected = [{ pointer: '', expected: 'a value that is nested less deeply' }]
  for (const type of ['one', 'none']) assert.deepEqual(check(nested(60, { type })), expected, type)
  const values = Array.from({ length: 100_000 }, () => 'a')
  assert.deepEqual(check(nested(2, { values, type: 'one' })), [])
  // What these leave of their steps is not for others.
  for (let count = 0; count < 1_000; count += 1) check({ type: 'one' })
  assert.deepEqual(check(nested(7, { values, type: 'one' })), expected)
  assert.deepEqual(check(nested(20, { values, type: 'one' })), expected)
  const long = { values: ['a'.repeat(1_000_000)], type: 'one' }
  assert.deepEqual(check(nested(2, long)), [])
  assert.deepEqual(check(nested(16, long)), expected)
  const many = Array.from({ length: 50_000 }, () => ({ type: 'one' }))
  const list = compileBodySchema({
    type: 'array',
    items: { anyOf: [node('one'), node('other')] },
    $defs: { node: node('one') },
  })
  assert.deepEqual(list(many, JSON.stringify(many).length), [])
})

test('whatever keyword makes a check of such parts long', () => {
  const array = Array.from({ length: 10_000 }, () => 0)
  const object = Object.fromEntries(array.map((zero, index) => [`a${index}`, zero]))
  const text = 'a'.repeat(100_000)
  const number = { type: 'number' }
  const keywords: [object, unknown][] = [
    [{ items: number }, array],
    [{ contains: { const: 0 }, minContains: 10_000 }, array],
    [{ unevaluatedItems: number }, array],
    [{ uniqueItems: true }, array.map((_, index) => index)],
    [{ const: array }, [...array]],
    [{ enum: [array] }, [...array]],
    [{ additionalProperties: number }, object],
    [{ unevaluatedProperties: number }, object],
    [{ patternProperties: { '^a': number } }, object],
    [{ patternProperties: { '^a*$': number } }, { [text]: 0 }],
    [{ propertyNames: { not: { const: 'b' } } }, object],
    [{ minProperties: 10_000 }, object],
    [{ maxProperties: 10_000 }, object],
    [{ minLength: 100_000 }, text],
    [{ maxLength: 100_000 }, text],
    [{ pattern: '^a*$' }, text],
    [{ format: 'json-pointer' }, `/${text}`],
  ]
  const nested = (depth: number, innermost: object): object =>
    depth === 0 ? innermost : { below: nested(depth - 1, innermost) }
  const expected = [{ pointer: '', expected: 'a value that is nested less deeply' }]
  const assertBounded = (value: object, below: object, innermost: object, depth: number) => {
    const branch = (name: string) => ({
      type: 'object',
      properties: { value, below, name: { const: name } },
    })
    const validate = compileBodySchema({
      $dynamicAnchor: 'node',
      anyOf: [branch('one'), branch('other')],
    })
    const check = (body: object) => validate(body, JSON.stringify(body).length)
    const message = JSON.stringify([value, below]).slice(0, 60)
    assert.equal(check(nested(2, innermost))[0]?.expected, 'must be equal to constant', message)
    assert.deepEqual(check(nested(depth, innermost)), expected, message)
  }
  for (const [keyword, value] of keywords) {
    const type = typeof value === 'string' ? 'string' : Array.isArray(value) ? 'array' : 'object'
    assertBounded({ type, ...keyword }, { $ref: '#' }, { value, name: 'none' }, 10)
  }
  assertBounded({}, { $ref: '#' }, { name: 'none' }, 16)
  assertBounded({}, { $dynamicRef: '#node' }, { name: 'none' }, 16)
})

test('no error of all elements is kept of which none is as one has to be, but for those that are listed', () => {
  const schema = { type: ['array', 'number'], contains: { $ref: '#' } }
  const texts = Array.from({ length: 100_000 }, () => 'a')
  const { length } = JSON.stringify(texts)
  const violations = compileBodySchema(schema)(texts, length)
  assert.deepEqual(violations, [{ pointer: '', expected: 'must contain at least 1 valid item(s)' }])
  const errors = compileBounded(schema, true)(texts, length)
  assert.equal(errors.length, maxViolations + 1)
  assert.equal(errors[0]?.instancePath, '/0')
  assert.equal(errors.at(-1)?.keyword, 'contains')
})

test('no more errors of a union are kept than are listed, however many branches it has below', () => {
  const branch = (name: string) => ({
    type: 'object',
    properties: { below: { $ref: '#' }, name: { const: name } },
    required: ['name'],
  })
  for (const keyword of ['anyOf', 'oneOf']) {
    const check = compileBounded({ [keyword]: [branch('one'), branch('other')] }, false)
    const errorsAt = (depth: number) => {
      let body: object = { name: 'none' }
      for (let level = 1; level < depth; level += 1) body = { below: body, name: 'other' }
      return check(body, 100_000)
    }
    assert.equal(errorsAt(3).length, 2 * (2 * (2 + 1) + 1) + 1)
    const many = errorsAt(12)
    assert.equal(many.length, maxViolations + 1)
    assert.equal(many[0]?.instancePath, `${'/below'.repeat(11)}/name`)
    assert.equal(many.at(-1)?.instancePath, '')
  }
})

const properties = { a: { type: 'string' }, b: { type: 'string' } }
const schema = { type: 'object', properties, required: ['a', 'b'] }

test('lists every violation of a body, up to a number, and only the first one of a long body', async () => {
  const validate = compileBodySchema(schema)
  assert.equal(validate({}, 16_384).length, 2)
  assert.equal(validate({}, 16_385).length, 1)
  assert.equal(validate({}).length, 1)
  const texts = compileBodySchema({ type: 'array', items: { type: 'string' } })
  assert.equal(texts(Array(1_000).fill(1), 3_000).length, maxViolations)
  const file = { file: 'own.json', schema, validate }
  const check = requestSchema.prepare({ 'POST /V1/products': file }, services())
  const request = requestContext({ method: 'POST' })
  request.route = 'POST /V1/products'
  request.json = { value: {}, text: '{}', names: new Set() }
  assert.equal((await rejectionOf(check(request))).violations?.length, 2)
  request.json = undefined
  assert.equal((await rejectionOf(check(request))).detail, 'This route needs a JSON body.')
})

test('says what is wrong without the names that the caller sent', () => {
  const expected = 'no members but those of the schema'
  for (const keyword of ['additionalProperties', 'unevaluatedProperties']) {
    const validate = compileBodySchema({ type: 'object', [keyword]: false })
    assert.deepEqual(validate({ secret: 1 }), [{ pointer: '', expected }], keyword)
  }
})

test('takes a number for a multiple of a fraction as it is written, and for no other', () => {
  const validate = compileBodySchema({ type: 'number', multipleOf: 0.0001 })
  for (const price of [4.35, 0.0003, 99_999_999.9999]) {
    assert.deepEqual(validate(price), [], String(price))
  }
  assert.equal(validate(4.350_05).length, 1)
})

test('takes no text for a URL that is longer than any', () => {
  const validate = compileBodySchema({ type: 'string', format: 'url' })
  const start = 'https://shop.example/'
  assert.deepEqual(validate(start.padEnd(2_048, 'a')), [])
  assert.equal(validate(start.padEnd(2_049, 'a')).length, 1)
})

test('finds equal elements where they must differ, however many there are', () => {
  const validate = compileBodySchema({ type: 'array', uniqueItems: true })
  for (const different of [
    [1, '1'],
    [null, 'null'],
    [true, 1],
    [
      [1, 2],
      [2, 1],
    ],
    ['{}', {}],
    [],
  ]) {
    assert.deepEqual(validate(different), [], JSON.stringify(different))
  }
  const expected = [{ pointer: '', expected: 'must NOT have duplicate items' }]
  for (const equal of [
    ['a', 'a'],
    [0, -0],
    [
      { a: 1, b: [2] },
      { b: [2], a: 1 },
    ],
  ]) {
    assert.deepEqual(validate(equal), expected, JSON.stringify(equal))
  }
  const many = Array.from({ length: 100_000 }, (_, qty) => ({ sku: 'a', qty }))
  assert.deepEqual(validate(many), [])
  assert.deepEqual(validate([...many, { qty: 7, sku: 'a' }]), expected)
  assert.deepEqual(compileBodySchema({ type: 'array', uniqueItems: false })([1, 1]), [])
})

test('refuses a schema whose check would come to its result later', () => {
  const schema = { $async: true, type: 'object' }
  assert.throws(() => compileBodySchema(schema), /unknown keyword: "\$async"/)
})

test('compares objects of a schema with those of a body, whatever their members are called', () => {
  const violations = (schema: object, value: unknown) =>
    compileBodySchema(schema)(value).map(({ expected }) => expected)
  const oneOf = { enum: [{ a: [1], b: null }, 'one', 2, null] }
  for (const allowed of [{ b: null, a: [1] }, 'one', 2, null]) {
    assert.deepEqual(violations(oneOf, allowed), [], JSON.stringify(allowed))
  }
  assert.deepEqual(violations({ const: [{ a: 1 }] }, [{ a: 1 }]), [])
  assert.deepEqual(violations({ const: 0 }, -0), [])
  for (const other of [
    { valueOf: 1 },
    { toString: 'a' },
    { a: [1] },
    '{"a":[1],"b":null}',
    '2',
    [],
  ]) {
    const allowed = ['must be equal to one of the allowed values']
    assert.deepEqual(violations(oneOf, other), allowed, JSON.stringify(other))
    assert.deepEqual(violations({ const: { a: 1 } }, other), ['must be equal to constant'])
  }
})
