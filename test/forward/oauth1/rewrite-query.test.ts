import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import fc from 'fast-check'
import { rewriteQuery } from '../../../src/forward/oauth1/rewrite-query.ts'
import { parseFormFields } from '../../support/magento/php/form-fields.ts'

function rewritten(query: string | undefined): string | undefined {
  const result = rewriteQuery(query)
  assert.ok(!('fault' in result), `${query}: ${JSON.stringify(result)}`)
  return result.query
}

function faultOf(query: string): string {
  const result = rewriteQuery(query)
  assert.ok('fault' in result, query)
  return result.fault
}

const rewrites: readonly (readonly [received: string, sent: string])[] = [
  ['a=1', 'a=1'],
  ['q=red+shoe', 'q=red%20shoe'],
  ['q=a%2bb', 'q=a%2Bb'],
  ['a', 'a='],
  ['a=b=c', 'a=b%3Dc'],
  ['a=100%', 'a=100%25'],
  ['&&a=1&', 'a=1'],
  ['=1&a=2&%20=3', 'a=2'],
  ['a[b][c]=1', 'a%5Bb%5D%5Bc%5D=1'],
  ['fields=items[sku,name]', 'fields=items%5Bsku%2Cname%5D'],
  ['skus[]=a&skus[]=b', 'skus%5B0%5D=a&skus%5B1%5D=b'],
  ['s[3]=a&s[]=b&s[03]=c&s[]=d', 's%5B3%5D=a&s%5B4%5D=b&s%5B03%5D=c&s%5B5%5D=d'],
  ['s[][a]=1&s[][b]=2', 's%5B0%5D%5Ba%5D=1&s%5B1%5D%5Bb%5D=2'],
  ['a=1&b=2&a=3', 'a=3&b=2'],
  ['a=1&a[b]=2', 'a%5Bb%5D=2'],
  ['a[b]=1&a=2', 'a=2'],
  ['a[x]=1&b=2&a[y]=3', 'a%5Bx%5D=1&a%5By%5D=3&b=2'],
  ['foo.bar=1', 'foo_bar=1'],
  ['+foo+bar=1', 'foo_bar=1'],
  ['a[b.c]=1', 'a%5Bb.c%5D=1'],
  ['a[b]junk=1', 'a%5Bb%5D=1'],
  ['a[b[c]=1', 'a%5Bb%5Bc%5D=1'],
  ["v=!*'()~", 'v=%21%2A%27%28%29~'],
]

test('rewrites a query to encoded pairs with the meaning that PHP gives it', () => {
  for (const [received, sent] of rewrites) assert.equal(rewritten(received), sent, received)
})

test('sends no query where there is none, or nothing in it', () => {
  for (const query of [undefined, '', '&&', '=1']) assert.equal(rewritten(query), undefined)
})

test('refuses, and says why, what Magento would not verify', () => {
  const letter = /must begin with a letter/
  assert.match(faultOf('0=a'), letter)
  assert.match(faultOf('10=a'), letter)
  assert.match(faultOf('[a]=1'), letter)
  assert.match(faultOf('a[b=1'), letter)
  assert.match(faultOf('a[b][c=1'), letter)
  assert.match(faultOf('a%00=1'), letter)
  assert.match(faultOf('_.Host-a=1'), letter)
  assert.match(faultOf('a[-5]=1&a[]=2'), /array index/)
  assert.match(faultOf('a[9223372036854775807]=1&a[]=2'), /array index/)
  assert.match(faultOf(`a${'[b]'.repeat(65)}=1`), /64 pairs/)
  assert.match(faultOf('a=1&'.repeat(1001)), /1000 parameters/)
  assert.match(faultOf('a=%ff'), /not UTF-8/)
  assert.match(faultOf('a=é'), /must be percent-encoded/)
})

test('refuses a parameter that could stand in for one of OAuth', () => {
  for (const name of ['oauth_token', 'oauth_nonce', 'x[oauth_y]', 'my_oauth_x', 'o%61uth_z']) {
    assert.match(faultOf(`a=1&${name}=1`), /OAuth/, name)
  }
  assert.equal(rewritten('field=oauth_token'), 'field=oauth_token')
})

const piece = fc.constantFrom(
  ...['a', 'b', 'B', '0', '1', '9', '10', '007', '[]', '[0]', '[10]', '[a]', '[b.c]', '[x', ']'],
  ...['+', '%20', '.', '%', '%25', '%5B', '%5d', '%2B', '%26', '%3D', '_', '-', '~', '!', "'"],
  ...['%C3%A9', '%F0%9F%98%80', '%2F', ',', ':', '$', 'oauth_', '"'],
)
const text = fc.array(piece, { maxLength: 5 }).map((pieces) => pieces.join(''))
const name = fc
  .tuple(fc.constantFrom('a', 'b', 'ab', 'a1', '_', 'searchCriteria', '+c', ''), text)
  .map((pieces) => pieces.join(''))
const pair = fc.oneof(
  fc.tuple(name, text).map(([left, right]) => `${left}=${right}`),
  name,
)
const queryArbitrary = fc.array(pair, { maxLength: 8 }).map((pairs) => pairs.join('&'))

test('means the same to a model of PHP, and stays as it is when rewritten again', () => {
  fc.assert(
    fc.property(queryArbitrary, (query) => {
      const result = rewriteQuery(query)
      if ('fault' in result) return
      assert.deepEqual(parseFormFields(result.query ?? ''), parseFormFields(query))
      assert.deepEqual(rewriteQuery(result.query), result)
      assert.match(result.query ?? 'a=', /^(?:[\w.~%-]+=[\w.~%-]*(?:&(?!$)|$))+$/)
    }),
    { numRuns: 2000 },
  )
})

const phpProgram = `
  $equal = function ($pair) {
    [$received, $sent] = array_map(function ($query) { parse_str($query, $read); return $read; }, $pair);
    return $received === $sent;
  };
  echo json_encode(array_map($equal, json_decode(stream_get_contents(STDIN))));
`

// With `===` PHP compares the order of arrays too, which Magento keeps for sort orders.
test('means the same to PHP itself, order included', () => {
  const spaced = queryArbitrary.map((query) => query.replaceAll('[x', '[%20]'))
  const queries = fc.sample(fc.oneof(queryArbitrary, spaced), 5000)
  const pairs = [...queries, ...rewrites.map(([received]) => received)].flatMap((query) => {
    const result = rewriteQuery(query)
    return 'fault' in result ? [] : [[query, result.query ?? '']]
  })
  assert.ok(pairs.length > 1000)
  const php = spawnSync('php', ['-r', phpProgram], { input: JSON.stringify(pairs) })
  const isEqual = JSON.parse(php.stdout.toString()) as boolean[]
  assert.deepEqual(
    pairs.filter((_, index) => !isEqual[index]),
    [],
  )
})
