import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { canonicalRequest, canonicalSignature } from '../../src/authenticate/canonical-request.ts'
import { Secret } from '../../src/contract/secret.ts'
import { requestContext } from '../support/request.ts'

const secret = 'canonical-secret-0123456789'
const nowMs = Date.parse('2026-11-24T12:00:00Z')
const verify = canonicalSignature({
  secrets: [{ id: 'k1', value: new Secret(secret) }],
  maxAgeMs: 300_000,
})

interface Signed {
  method: string
  target: string
  timestamp: string
  nonce: string
  body: Buffer
  signature: string
}

function signed(changes: Partial<Signed> = {}): Signed {
  const parts = {
    method: 'POST',
    target: '/rest/V1/products?fields=sku',
    timestamp: String(nowMs / 1000),
    nonce: 'nonce-0123456789abcdef',
    body: Buffer.from('{"sku":"x"}'),
    ...changes,
  }
  const [path = '', query = ''] = parts.target.split('?')
  const signature = createHmac('sha256', secret)
    .update(canonicalRequest({ ...parts, path, query }))
    .digest('hex')
  return { signature, ...parts, ...changes }
}

function resultOf(
  { method, target, timestamp, nonce, body, signature }: Signed,
  verifier = verify,
) {
  const headers = { 'X-Timestamp': timestamp, 'X-Nonce': nonce, 'X-Signature': signature }
  const request = requestContext({ method, target, headers, body })
  // Refused before, by the step request-target.
  if (request.parsedTarget === undefined) return { reason: 'no target' }
  return verifier(request, nowMs)
}

test('makes the string that docs/signing.md says', () => {
  const text = canonicalRequest({
    timestamp: '1795521600',
    nonce: 'b7f0c1d2e3a4958677',
    method: 'GET',
    path: '/rest/V1/products/A%2FB',
    query: 'fields=sku,name',
    body: '',
  })
  assert.equal(
    text,
    'magegate-v1\n1795521600\nb7f0c1d2e3a4958677\nGET\n/rest/V1/products/A%2FB\nfields=sku,name\n' +
      'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  )
})

test('accepts a signed request, and remembers its nonce as long as its timestamp is valid', () => {
  assert.deepEqual(resultOf(signed()), {
    keyId: 'k1',
    nonce: { value: 'nonce-0123456789abcdef', ttlMs: 300_001 },
  })
  const early = resultOf(signed({ timestamp: String(nowMs / 1000 + 300) }))
  assert.ok(!('reason' in early) && early.nonce?.ttlMs === 600_001)
})

test('remembers a nonce as long as its timestamp could be valid after a reload', () => {
  const secrets = [{ id: 'k1', value: new Secret(secret) }]
  const hasty = canonicalSignature({ secrets, maxAgeMs: 1_000 })
  const result = resultOf(signed(), hasty)
  assert.ok(!('reason' in result) && result.nonce?.ttlMs === 300_001)
})

describe('refuses', () => {
  const cases: Record<string, Partial<Signed>> = {
    'a time too long ago': { timestamp: String(nowMs / 1000 - 301) },
    'a time too far ahead': { timestamp: String(nowMs / 1000 + 301) },
    'a time that is none': { timestamp: '2026-11-24' },
    'a time in milliseconds': { timestamp: String(nowMs) },
    'no time': { timestamp: '' },
    'a short nonce': { nonce: 'x'.repeat(15) },
    'a long nonce': { nonce: 'x'.repeat(129) },
    'a nonce with other characters': { nonce: 'nonce 0123456789' },
    'a signature of another form': { signature: 'abc' },
    'a signature of something else': { signature: '0'.repeat(64) },
  }
  for (const [name, changes] of Object.entries(cases)) {
    test(name, () => {
      const result = resultOf(signed(changes))
      assert.ok('reason' in result)
    })
  }
})

test('refuses a request of which any bit was changed', () => {
  const segment = fc.stringMatching(/^[A-Za-z0-9~_-]{1,12}$/)
  fc.assert(
    fc.property(
      fc.record({
        method: fc.constantFrom('GET', 'POST', 'PUT', 'DELETE'),
        target: fc
          .tuple(segment, fc.option(segment, { nil: undefined }))
          .map(
            ([path, query]) => `/rest/V1/${path}${query === undefined ? '' : `?fields=${query}`}`,
          ),
        nonce: fc.stringMatching(/^[A-Za-z0-9._~-]{16,40}$/),
        body: fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
      }),
      fc.constantFrom('method', 'target', 'timestamp', 'nonce', 'body', 'signature'),
      fc.nat(),
      (parts, part, where) => {
        const good = signed(parts)
        assert.ok(!('reason' in resultOf(good)))
        const bytes = Buffer.from(good[part as keyof Signed])
        if (bytes.length === 0) return
        const bit = where % (bytes.length * 8)
        bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7))
        const changed = part === 'body' ? bytes : bytes.toString('latin1')
        // Hex is read in either case, which is the same signature.
        if (part === 'signature' && String(changed).toLowerCase() === good.signature) return
        assert.ok('reason' in resultOf({ ...good, [part]: changed } as Signed))
      },
    ),
    { numRuns: 2000 },
  )
})
