import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { laminasBaseString } from '../../../src/forward/oauth1/laminas-base-string.ts'
import { nativeBaseString } from '../../../src/forward/oauth1/native-base-string.ts'
import { compareNaturally, naturalKey } from '../../../src/forward/oauth1/natural-order.ts'
import { rewriteQuery } from '../../../src/forward/oauth1/rewrite-query.ts'
import { signedParameters } from '../../../src/forward/oauth1/signed-parameters.ts'
import { laminasBaseString as laminasAsVerified } from '../../support/magento/oauth/laminas-base-string.ts'
import { nativeBaseString as nativeAsVerified } from '../../support/magento/oauth/native-base-string.ts'
import { compareNaturally as compareAsVerified } from '../../support/magento/php/natural-order.ts'

const origin = 'https://shop.example'

function build(dialect: typeof laminasBaseString, path: string, query: string | undefined) {
  return dialect({ method: 'get', origin, path, query }, signedParameters(query, []))
}

function split(baseString: string) {
  const [method, url = '', parameters = ''] = baseString.split('&')
  return { method, url: decodeURIComponent(url), pairs: decodeURIComponent(parameters).split('&') }
}

test('2.4.7 decodes reserved characters of the path, 2.4.8 leaves it alone', () => {
  const path = '/rest/V1/products/a%2fb%20c%25d%3F%c3%a9%7E'
  const laminas = split(build(laminasBaseString, path, undefined))
  assert.equal(laminas.method, 'GET')
  assert.equal(laminas.url, `${origin}/rest/V1/products/a/b%20c%25d%3F%C3%A9~`)
  assert.equal(split(build(nativeBaseString, path, undefined)).url, origin + path)
})

test('2.4.7 sorts by natural order of encoded names, 2.4.8 by bytes of decoded ones', () => {
  const query = 'a%5B9%5D=1&a%5B10%5D=2&a%5B1%5D=3&aB=4'
  const [nine, ten, one, plain] = query.split('&')
  assert.deepEqual(split(build(laminasBaseString, '/', query)).pairs, [one, nine, ten, plain])
  assert.deepEqual(split(build(nativeBaseString, '/', query)).pairs, [plain, ten, one, nine])
})

test('2.4.8 sorts by bytes, where UTF-16 units have another order', () => {
  const query = 'a%EF%BF%BD=1&a%F0%9F%98%80=2'
  assert.deepEqual(split(build(nativeBaseString, '/', query)).pairs, query.split('&'))
})

test('compares in natural order as the other implementation does', () => {
  const char = fc.constantFrom('0', '1', '9', '10', '00', 'a', 'B', '%5B', '%5D', '%20', '-')
  const tail = fc.array(char, { maxLength: 6 }).map((chars) => `a${chars.join('')}`)
  fc.assert(
    fc.property(tail, tail, (left, right) => {
      const order = compareNaturally(naturalKey(left), naturalKey(right))
      assert.equal(Math.sign(order), Math.sign(compareAsVerified(left, right)))
    }),
    { numRuns: 5000 },
  )
})

test('builds the base strings that the verifier builds', () => {
  const name = fc.constantFrom('a', 'a1', 'a10', 'aB', 'ab', 'a[0]', 'a[10]', 'a[9]', 'b[x][y.z]')
  const value = fc.string({ unit: 'binary', maxLength: 8 }).map((text) => text.toWellFormed())
  const sku = fc.string({ unit: 'binary', minLength: 1, maxLength: 8 })
  fc.assert(
    fc.property(fc.array(fc.tuple(name, value), { maxLength: 8 }), sku, (pairs, id) => {
      const received = pairs
        .map(([left, right]) => `${left}=${encodeURIComponent(right)}`)
        .join('&')
      const result = rewriteQuery(received)
      assert.ok(!('fault' in result))
      const { query } = result
      const path = `/rest/V1/products/x${encodeURIComponent(id.toWellFormed())}`
      const url = `${origin}${path}${query === undefined ? '' : `?${query}`}`
      const decoded = new Map(
        (query?.split('&') ?? []).map((each) => {
          const [left = '', right = ''] = each.split('=').map(decodeURIComponent)
          return [left, right] as const
        }),
      )
      assert.equal(build(laminasBaseString, path, query), laminasAsVerified('GET', url, decoded))
      assert.equal(build(nativeBaseString, path, query), nativeAsVerified('GET', url, decoded))
    }),
    { numRuns: 1000 },
  )
})
