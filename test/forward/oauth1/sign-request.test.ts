import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import OAuth from 'oauth-1.0a'
import { newFreshness } from '../../../src/forward/oauth1/new-freshness.ts'
import { rewriteQuery } from '../../../src/forward/oauth1/rewrite-query.ts'
import { type Freshness, prepareSigning } from '../../../src/forward/oauth1/sign-request.ts'
import { credentials, integration } from './verifying-magento.ts'

const sign = prepareSigning(credentials)

const rfc5849 = new OAuth({
  consumer: { key: integration.consumerKey, secret: integration.consumerSecret },
  signature_method: 'HMAC-SHA256',
  hash_function: (text, key) => createHmac('sha256', key).update(text).digest('base64'),
})

interface RfcRequest {
  readonly method: string
  readonly url: string
  readonly data: Readonly<Record<string, string>>
}

function signAsRfc5849(request: RfcRequest, { nonce, timestampSeconds }: Freshness): string {
  return rfc5849.getSignature(request, integration.accessTokenSecret, {
    oauth_consumer_key: integration.consumerKey,
    oauth_nonce: nonce,
    oauth_signature_method: 'HMAC-SHA256',
    oauth_timestamp: timestampSeconds,
    oauth_token: integration.accessToken,
    oauth_version: '1.0',
  })
}

test('agrees with a plain RFC 5849 signer wherever Magento accepts one', () => {
  const name = fc.constantFrom('fields', 'q', 'searchCriteria[pageSize]', 's[0]', 's[1]')
  const parameters = fc.dictionary(name, fc.string({ maxLength: 12 }), { maxKeys: 5 })
  const sku = fc.stringMatching(/^[A-Za-z0-9_-]{1,12}$/)
  const methods = fc.constantFrom('GET', 'POST', 'PUT', 'DELETE')
  fc.assert(
    fc.property(methods, sku, parameters, (method, id, data) => {
      const freshness = newFreshness()
      const origin = 'https://shop.example:8443'
      const path = `/rest/V1/products/${id}`
      const expected = signAsRfc5849({ method, url: origin + path, data }, freshness)
      const rewritten = rewriteQuery(new URLSearchParams(data).toString())
      assert.ok(!('fault' in rewritten))
      for (const dialect of ['2.4.5', '2.4.7', '2.4.8'] as const) {
        const parts = { method, origin, path, query: rewritten.query }
        const { authorization } = sign(parts, dialect, freshness)
        assert.ok(authorization.endsWith(`oauth_signature="${encodeURIComponent(expected)}"`))
      }
    }),
  )
})

test('sends the protocol parameters in the header, encoded and without a secret', () => {
  const parts = { method: 'GET', origin: 'https://shop.example', path: '/rest/V1/x', query: 'a=1' }
  const { authorization } = sign(parts, '2.4.8', {
    nonce: 'n'.repeat(32),
    timestampSeconds: 1_760_000_000,
  })
  assert.match(
    authorization,
    /^OAuth oauth_consumer_key="\w{32}", oauth_nonce="n{32}", oauth_signature_method="HMAC-SHA256", oauth_timestamp="1760000000", oauth_token="\w{32}", oauth_version="1\.0", oauth_signature="[\w%]{43,}"$/,
  )
  assert.ok(!authorization.includes('secret'))
})

test('takes a new nonce that fits the column, and the present time, for every attempt', () => {
  const nonces = new Set<string>()
  for (let count = 0; count < 1000; count += 1) {
    const { nonce, timestampSeconds } = newFreshness()
    assert.match(nonce, /^[0-9a-z]{32}$/)
    assert.ok(Math.abs(timestampSeconds - Date.now() / 1000) < 2)
    nonces.add(nonce)
  }
  assert.equal(nonces.size, 1000)
})
