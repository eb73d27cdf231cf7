import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { parseRequestTarget, requestTarget } from '../../src/admit/request-target.ts'
import { allow } from '../../src/policy.ts'
import { requestContext } from '../support/request.ts'
import { services } from '../support/services.ts'
import { rejectionOf } from '../support/verdicts.ts'

const stores = new Set(['default', 'all'])

function parse(raw: string) {
  return parseRequestTarget(raw, stores)
}

describe('accepts the one grammar and keeps every byte', () => {
  const accepted = [
    '/rest/V1/products/24-MB01',
    '/rest/default/V1/products',
    '/rest/all/V1/products/A%2FB',
    '/rest/V1/products/A%2BB',
    '/rest/V1/products/na%C3%AFve',
    '/rest/V1/products/~a_b.c-d',
    '/rest/V1/products?searchCriteria[pageSize]=20&fields=items[sku],total_count',
    '/rest/V1/products?searchCriteria%5BpageSize%5D=20',
    '/rest/V1/products?',
    '/rest/V1/products/...',
    '/rest/async/V1/products',
    '/rest/all/async/bulk/V1/products/bySku',
  ]
  for (const raw of accepted) {
    test(raw, () => {
      const target = parse(raw)
      assert.ok(!('fault' in target))
      const query = target.query === undefined ? '' : `?${target.query}`
      assert.equal(target.path + query, raw)
    })
  }
})

describe('refuses every other spelling', () => {
  const refused: Record<string, string> = {
    'absolute form': 'http://magento.internal/rest/V1/products',
    'no slash': 'rest/V1/products',
    'two leading slashes': '//rest/V1/products',
    'front controller in the path': '/index.php/rest/V1/products',
    'upper-case front name': '/REST/V1/products',
    'lower-case version': '/rest/v1/products',
    'another version': '/rest/V2/products',
    'unknown store': '/rest/fr/V1/products',
    'async without a version': '/rest/async/products',
    'async before the store': '/rest/async/default/V1/products',
    'bulk without async': '/rest/bulk/V1/products',
    'schema in place of a store': '/rest/schema/V1/products',
    'schema document': '/rest/all/schema',
    soap: '/soap/default?wsdl',
    'no resource': '/rest/V1',
    'trailing slash': '/rest/V1/products/',
    'empty segment': '/rest/V1//products',
    'dot segment': '/rest/V1/./products',
    'dot-dot segment': '/rest/V1/a/../products',
    'encoded dot-dot segment': '/rest/V1/a/%2e%2e/products',
    'dot-dot behind an encoded slash': '/rest/V1/products/a%2F..%2Fb',
    'dot-dot behind an encoded backslash': '/rest/V1/products/a%5C..%5Cb',
    backslash: '/rest/V1/a\\..\\products',
    'plus in the path': '/rest/V1/products/A+B',
    'matrix parameter': '/rest/V1/products;x=1',
    'fragment in the path': '/rest/V1/products#x',
    'fragment in the query': '/rest/V1/products?a=1#x',
    'space in the path': '/rest/V1/prod ucts',
    'encoded NUL': '/rest/V1/products/a%00',
    'encoded line feed': '/rest/V1/products/a%0Ab',
    'encoded C1 control': '/rest/V1/products/a%C2%85b',
    'encoded line feed in the query': '/rest/V1/products?a=%0d%0a',
    'encoded twice': '/rest/V1/products/A%252FB',
    'broken percent': '/rest/V1/products/A%2',
    'percent without hex': '/rest/V1/products/A%zz',
    'not UTF-8': '/rest/V1/products/%ff',
    'overlong UTF-8': '/rest/V1/products/%c0%ae',
    'not UTF-8 in the query': '/rest/V1/products?a=%ff',
    'raw non-ASCII': '/rest/V1/products/é',
    'quote in the query': '/rest/V1/products?a="',
    empty: '',
    asterisk: '*',
  }
  for (const [name, raw] of Object.entries(refused)) {
    test(name, () => {
      const target = parse(raw)
      assert.ok('fault' in target, `${raw} was accepted`)
      assert.match(target.fault, /^The .*\.$/)
    })
  }
})

test('takes the document of what may be called under its one spelling', async () => {
  const check = requestTarget.prepare({ stores }, services())
  assert.equal(check(requestContext({ target: '/openapi.json' })), allow)
  for (const target of [
    '/openapi.json?',
    '/openapi.json?a=1',
    '/openapi.jsonx',
    '/openapi.json/x',
  ]) {
    assert.equal((await rejectionOf(check(requestContext({ target })))).code, 'bad-request-target')
  }
})

test('never repeats the target in a fault', () => {
  fc.assert(
    fc.property(fc.string({ minLength: 6 }), (text) => {
      const target = parse(`/rest/V1/x/secret${text}`)
      assert.ok(!('fault' in target) || !target.fault.includes('secret'))
    }),
  )
})

test('gives back exactly the bytes it was given, whatever it accepts', () => {
  const piece = fc.constantFrom(
    'a',
    'B',
    '7',
    '-',
    '.',
    '_',
    '~',
    '%2F',
    '%20',
    '%C3%A9',
    '/',
    '%2e',
  )
  fc.assert(
    fc.property(
      fc.array(piece, { maxLength: 30 }),
      fc.option(fc.webQueryParameters()),
      (path, query) => {
        const raw = `/rest/V1/${path.join('')}${query === null ? '' : `?${query}`}`
        const target = parse(raw)
        if ('fault' in target) return
        assert.equal(
          target.query === undefined ? target.path : `${target.path}?${target.query}`,
          raw,
        )
        assert.equal(`/rest/${target.segments.join('/')}`, target.path)
        assert.ok(
          target.segments.every(
            (segment) => !['', '.', '..'].includes(decodeURIComponent(segment)),
          ),
        )
      },
    ),
    { numRuns: 2000 },
  )
})
