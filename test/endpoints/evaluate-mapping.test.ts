import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { inspect } from 'node:util'
import jsonata from 'jsonata'
import { compileMapping, evaluateMapping } from '../../src/endpoints/evaluate-mapping.ts'

const values = { name: 'Ann Example', tags: ['Ann Example'] }

for (const [expression, code] of [
  ['$number(name)', 'D3030'],
  ['$number(tags)', 'T0410'],
  ['name + 1', 'T2001'],
  ['$error(name)', 'D3137'],
] as const) {
  test(`an expression that fails tells where and why, and no value that it was about: ${expression}`, async () => {
    await assert.rejects(evaluateMapping(compileMapping(expression), values), (error: Error) => {
      assert.match(error.message, new RegExp(`^JSONata ${code}, behind \\d+ characters$`))
      assert.doesNotMatch(inspect(error), /Ann Example/)
      return true
    })
  })
}

const numbers = Array.from({ length: 10_000 }, (_, index) => index)

describe('an expression that would hold up everything else is ended', () => {
  for (const [name, expression, input, code] of [
    ['one that never ends', '($f := function($n) { $f($n + 1) }; $f(1))', {}, 'D1012'],
    ['one that goes ever deeper', '($f := function($n) { 1 + $f($n) }; $f(1))', {}, 'D1012'],
    ['a list for each element of a list', 'n.($a := $; $$.n[$ = $a])', { n: numbers }, 'D1012'],
    ['a long list', '$sort(n)', { n: [...numbers, 1] }, 'D2015'],
    [
      'an object of many members',
      'n.*',
      { n: Object.fromEntries([...numbers, 'x'].map((each) => [each, [1]])) },
      'D2015',
    ],
    ['a long list that it makes', '$sort($append(n, n))', { n: numbers }, 'D2015'],
    ['a long list of the request', '$count($request.body)', {}, 'D2015'],
  ] as const) {
    test(name, async () => {
      const bindings = { request: { body: name.endsWith('request') ? [...numbers, 1] : [] } }
      await assert.rejects(evaluateMapping(compileMapping(expression), input, bindings), { code })
    })
  }
})

test('a list of legal length is sorted, grouped and made distinct', async (t) => {
  // The bound in time is for what is computed here, however busy the machine is.
  const startedAtMs = Date.now()
  t.mock.method(Date, 'now', () => {
    const { user, system } = process.cpuUsage()
    return startedAtMs + (user + system) / 1_000
  })
  const evaluate = (expression: string, input: unknown) =>
    evaluateMapping(compileMapping(expression), input)
  const some = numbers.slice(0, 1_000)
  assert.equal(await evaluate('$count($sort(n))', { n: some }), 1_000)
  assert.equal(await evaluate('$count($keys(n{$string($ % 10): $count($)}))', { n: some }), 10)
  const twice = numbers.map((each) => ({ sku: each % 5_000, qty: [each % 2] }))
  assert.equal(await evaluate('$count($distinct(n))', { n: twice }), 5_000)
})

test('distinct values are those of JSONata', async () => {
  for (const list of [
    [1, '1', 1, true, 'true', null, 'null', true, null, 0, -0, '', '"', '{}', {}, [], {}, '[]', []],
    [
      { a: 1, b: 2 },
      { b: 2, a: 1 },
      { a: 1 },
      { a: { c: 1, b: 2 } },
      { a: { b: 2, c: 1 } },
      { a: '1' },
    ],
    [[1, 2], [2, 1], [1, 2], [[1, 2]], [{ a: 1 }], [{ a: 1 }]],
    [{ a: 1 }, { a: 1 }],
    [1],
    [],
    'text',
  ]) {
    for (const expression of [
      '$distinct(list)',
      '[$distinct(list[true])]',
      'list ~> $distinct',
      '{ "a": $distinct(list.a) }',
    ]) {
      const ours = await evaluateMapping(compileMapping(expression), { list })
      assert.deepEqual(ours, await evaluateMapping(jsonata(expression), { list }))
    }
  }
})
