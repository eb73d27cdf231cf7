import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { canonicalRequest } from '../../../src/authenticate/canonical-request.ts'
import { recordedSignature } from '../../../src/record/redaction/evidence-redaction.ts'
import { requestContext } from '../../support/request.ts'

function computedOf(target: string): string[] {
  const request = requestContext({ target })
  const { path = '', query = '' } = request.target ?? {}
  request.signatureEvidence = {
    scheme: 'canonical',
    computed: canonicalRequest({
      timestamp: '1',
      nonce: 'n',
      method: 'GET',
      path,
      query,
      body: '',
    }),
    signature: '0'.repeat(64),
  }
  return recordedSignature(request)?.computed?.split('\n') ?? []
}

test('a path and query of words and numbers are shown as they were signed, byte for byte', () => {
  const query = 'searchCriteria%5BpageSize%5D=20&&fields=items[sku]'
  const lines = computedOf(`/rest/all/V1/orders/42?${query}`)
  assert.equal(lines.length, 7)
  assert.deepEqual(lines.slice(4, 6), ['/rest/all/V1/orders/42', query])
  assert.deepEqual(computedOf('/rest/V1/orders').slice(4, 6), ['/rest/V1/orders', ''])
})

test('anything else that a caller puts there is not shown', () => {
  const secret = fc.stringMatching(/^[A-Za-z0-9]{4}[0-9]{2}[A-Za-z0-9]{10,30}$/)
  fc.assert(
    fc.property(secret, (text) => {
      const targets = [
        `/rest/V1/products/${text}`,
        `/rest/V1/products?token=${text}`,
        `/rest/V1/products?${text}=1`,
        `/rest/V1/products?searchCriteria[filter_groups][0][filters][0][value]=${text}`,
      ]
      for (const target of targets) {
        const lines = computedOf(target)
        assert.ok(!lines.join('\n').includes(text))
        assert.ok(lines.join('\n').includes('[redacted]'))
      }
    }),
  )
})

describe('whatever the scheme, nothing that is secret is shown', () => {
  const text = fc.stringMatching(/^[a-z]{4}[0-9]{2}[a-z0-9]{10,30}$/)
  const path = (secret: string) => `/rest/V1/products/${secret}`
  const computed: Record<string, (secret: string) => string> = {
    rfc9421: (secret) =>
      [
        '"@method": GET',
        '"@authority": gateway.example',
        `"@path": ${path(secret)}`,
        `"@query": ?token=${secret}`,
        `"${secret}": ${secret}`,
        `"authorization": Bearer ${secret}`,
        `"@target-uri": https://gateway.example${path(secret)}`,
        `"@signature-params": ("@path" "${secret}");created=1;expires=2;nonce="n";tag="${secret}"`,
      ].join('\n'),
    oauth1: (secret) =>
      [
        'GET',
        `https%3A%2F%2Fgateway.example%3A8443${encodeURIComponent(path(secret))}`,
        `${secret}%3D1%26oauth_consumer_key%3D${secret}%26oauth_nonce%3Dn%26token%3D${secret}`,
      ].join('&'),
  }
  const shown: Record<string, RegExp> = {
    rfc9421:
      /^"@method": GET\n"@authority": gateway\.example\n"@path": \/rest\/V1\/products\/\[redacted\]\n"@query": \?\[redacted\]\n[\s\S]*\n"@signature-params": \[redacted\];created=1;expires=2$/,
    oauth1:
      /^GET&https%3A%2F%2Fgateway\.example%3A8443%2Frest%2FV1%2Fproducts%2F\[redacted\]&\[redacted\]%26oauth_consumer_key%3D\[redacted\]%26oauth_nonce%3Dn%26\[redacted\]$/,
  }
  for (const [scheme, computedWith] of Object.entries(computed)) {
    test(scheme, () => {
      fc.assert(
        fc.property(text, (secret) => {
          const request = requestContext({ target: `${path(secret)}?token=${secret}` })
          const signature = Buffer.alloc(32).toString('base64')
          request.signatureEvidence = { scheme, computed: computedWith(secret), signature }
          const record = recordedSignature(request)
          assert.ok(!JSON.stringify(record).includes(secret))
          assert.match(record?.computed ?? '', shown[scheme] as RegExp)
        }),
      )
    })
  }
})

test('a value too short for a signature leaves no digest from which it could be guessed', () => {
  const request = requestContext()
  for (const signature of ['', 'pw-0123456789', 'x'.repeat(25), 'two words of a long sentence'])
    for (const scheme of ['body', 'canonical']) {
      request.signatureEvidence = { scheme, signature }
      assert.equal(recordedSignature(request), undefined)
    }
})

test('a request without evidence has none', () => {
  assert.equal(recordedSignature(requestContext()), undefined)
})
