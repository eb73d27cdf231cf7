import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { bodySignature } from '../../src/authenticate/body-signature.ts'
import { Secret } from '../../src/contract/secret.ts'
import { requestContext } from '../support/request.ts'

const current = 'current-secret-0123456789'
const previous = 'previous-secret-012345678'
const nowMs = Date.parse('2026-11-24T12:00:00Z')
const secrets = [
  { id: 'k2', value: new Secret(current) },
  { id: 'k1', value: new Secret(previous), notAfter: '2026-12-01T00:00:00Z' },
]
const verifySignature = bodySignature({ secrets })

function sign(body: string | Buffer, secret = current): string {
  return createHmac('sha256', secret).update(body).digest('hex')
}

function verify(body: string | Buffer, signature: string | undefined, atMs = nowMs) {
  const headers = signature === undefined ? {} : { 'X-Signature': signature }
  const result = verifySignature(requestContext({ method: 'POST', body, headers }), atMs)
  return 'reason' in result ? undefined : result.keyId
}

// RFC 4231, test case 2.
test('agrees with the published HMAC-SHA256 test vector', () => {
  const verifyVector = bodySignature({
    secrets: [{ id: 'rfc4231', value: new Secret('Jefe') }],
  })
  const request = requestContext({
    method: 'POST',
    body: 'what do ya want for nothing?',
    headers: {
      'X-Signature': '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
    },
  })
  const result = verifyVector(request, nowMs)
  assert.ok(!('reason' in result))
  assert.equal(result.keyId, 'rfc4231')
})

test('accepts either live secret and says which one it was', () => {
  assert.equal(verify('{"a":1}', sign('{"a":1}')), 'k2')
  assert.equal(verify('{"a":1}', sign('{"a":1}', previous)), 'k1')
  assert.equal(verify('{"a":1}', sign('{"a":1}').toUpperCase()), 'k2')
})

test('verifies the empty string where there is no body', () => {
  assert.equal(verify('', sign('')), 'k2')
})

test('refuses a signature that is missing, of another form or made with another secret', () => {
  const refused = [
    undefined,
    '',
    'zz',
    sign('{}').slice(2),
    `${sign('{}')}00`,
    `sha256=${sign('{}')}`,
    createHmac('sha256', current).update('{}').digest('base64'),
    sign('{}', 'another-secret-0123456789'),
  ]
  for (const signature of refused) {
    assert.equal(verify('{}', signature), undefined)
  }
})

test('says for the record which signature it refused', () => {
  const headers = { 'X-Signature': sign('{}') }
  const result = verifySignature(requestContext({ method: 'POST', body: '[]', headers }), nowMs)
  assert.ok('reason' in result)
  assert.deepEqual(result.evidence, { scheme: 'body', signature: sign('{}') })
})

test('refuses a body of which any bit was changed', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 300 }), fc.nat(), (bytes, where) => {
      const body = Buffer.from(bytes)
      const signature = sign(body)
      assert.equal(verify(body, signature), 'k2')
      const bit = where % (body.length * 8)
      body[bit >> 3] = (body[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      assert.equal(verify(body, signature), undefined)
    }),
  )
})

test('refuses a secret from its notAfter on, and not before', () => {
  const signature = sign('{}', previous)
  const endMs = Date.parse('2026-12-01T00:00:00Z')
  assert.equal(verify('{}', signature, endMs - 1), 'k1')
  assert.equal(verify('{}', signature, endMs), undefined)
  assert.equal(verify('{}', sign('{}'), endMs), 'k2')
})

test('accepts a secret that is listed twice until the later of its ends', () => {
  const value = new Secret('renamed-secret-0123456789')
  const ended = { id: 'old', value, notAfter: '2026-11-01T00:00:00Z' }
  for (const secrets of [
    [ended, { id: 'new', value }],
    [{ id: 'new', value }, ended],
  ]) {
    const headers = { 'X-Signature': sign('', value.reveal()) }
    const result = bodySignature({ secrets })(requestContext({ headers }), nowMs)
    assert.ok(!('reason' in result) && result.keyId === 'new')
  }
})

test('gives repeats of a write the same key, and a read none', () => {
  const repeatKeyOf = (method: string, target: string, signature = sign('')) => {
    const headers = { 'X-Signature': signature }
    const result = verifySignature(requestContext({ method, target, headers }), nowMs)
    assert.ok(!('reason' in result))
    return result.repeatKey
  }
  assert.equal(repeatKeyOf('GET', '/rest/V1/products/a'), undefined)
  const one = repeatKeyOf('DELETE', '/rest/V1/products/a')
  assert.ok(one !== undefined)
  assert.deepEqual(repeatKeyOf('DELETE', '/rest/V1/products/a'), one)
  assert.notDeepEqual(repeatKeyOf('DELETE', '/rest/V1/products/b'), one)
  assert.notDeepEqual(repeatKeyOf('PUT', '/rest/V1/products/a'), one)
  assert.deepEqual(repeatKeyOf('DELETE', '/rest/V1/products/%61'), one)
  assert.deepEqual(repeatKeyOf('DELETE', '/rest/V1/products/A'), one)
  // Magento's database does not see a space at the end of an SKU, which may stand within the path.
  assert.deepEqual(
    repeatKeyOf('PUT', '/rest/V1/products/a%20/stockItems/1'),
    repeatKeyOf('PUT', '/rest/V1/products/a/stockItems/1'),
  )
  // The signature does not cover the query, and whoever repeats the request could choose another one.
  assert.deepEqual(repeatKeyOf('DELETE', '/rest/V1/products/a?fields=sku'), one)
  assert.deepEqual(repeatKeyOf('DELETE', '/rest/V1/products/a?'), one)
  assert.deepEqual(repeatKeyOf('DELETE', '/rest/V1/products/a', sign('').toUpperCase()), one)
  // Keys are kept in memory, and a path may have 16 KiB.
  const long = repeatKeyOf('DELETE', `/rest/V1/products/${'a'.repeat(10_000)}`)
  assert.equal(long?.length, one.length)
})
