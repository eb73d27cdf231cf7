import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { canonicalRequest } from '../../src/authenticate/canonical-request.ts'
import { redactEvidence } from '../../src/record/evidence-redaction.ts'
import { requestContext } from '../support/request.ts'

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
    presented: '',
  }
  return redactEvidence(request)?.computed?.split('\n') ?? []
}

test('path and query that hold words and numbers stand as they were signed, byte for byte', () => {
  const query = 'searchCriteria%5BpageSize%5D=20&&fields=items[sku]'
  const lines = computedOf(`/rest/all/V1/orders/42?${query}`)
  assert.equal(lines.length, 7)
  assert.deepEqual(lines.slice(4, 6), ['/rest/all/V1/orders/42', query])
  assert.deepEqual(computedOf('/rest/V1/orders').slice(4, 6), ['/rest/V1/orders', ''])
})

test('whatever else a caller puts there does not', () => {
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

test('a request without evidence has none', () => {
  assert.equal(redactEvidence(requestContext()), undefined)
})
