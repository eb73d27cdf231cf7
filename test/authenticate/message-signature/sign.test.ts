import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { messageSigningKey } from '../../../src/authenticate/message-signature/message-signing-key.ts'
import { signMessage } from '../../../src/authenticate/message-signature/sign.ts'
import { originOf } from '../../../src/contract/public-origin.ts'
import { nowSeconds, origin, signedParts, signingKeys } from './signed-request.ts'

const request = { method: 'GET', path: '/rest/V1/x', query: undefined, ...origin, headers: [] }
const options = {
  algorithm: 'hmac-sha256',
  key: signingKeys['hmac-sha256'],
  parameters: { created: nowSeconds, keyid: 'k1' },
} as const

test('covers by default what the gateway requires', () => {
  assert.equal(
    signMessage(request, options)['Signature-Input'],
    `sig1=("@method" "@authority" "@path" "@query");created=${nowSeconds};keyid="k1"`,
  )
  assert.match(
    signedParts().headers['Signature-Input'] ?? '',
    /^sig1=\("@method" "@authority" "@path" "@query" "content-digest" "content-type"\);/,
  )
})

test('signs an authority as a URL has it: in lower case, without the port of its scheme', () => {
  const signatureFor = (scheme: string, authority: string) =>
    signMessage({ ...request, ...originOf(new URL(`${scheme}://${authority}`)) }, options).Signature
  for (const [scheme, port] of [
    ['https', 443],
    ['http', 80],
  ] as const) {
    const plain = signatureFor(scheme, 'gateway.example')
    assert.equal(signatureFor(scheme, `Gateway.EXAMPLE:${port}`), plain)
    assert.notEqual(signatureFor(scheme, 'gateway.example:8443'), plain)
  }
})

test('takes a private key with text before it for one, not for a shared secret', () => {
  const pem = signingKeys.ed25519.export({ type: 'pkcs8', format: 'pem' })
  const read = messageSigningKey(`Bag Attributes\n${pem}`)
  assert.ok(!('fault' in read) && read.algorithm === 'ed25519')
})

test('adds a digest to a body that has none', () => {
  const body = Buffer.from('{"hello": "world"}\n')
  const digest = 'sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:'
  const headers = ['Content-Type', 'application/json']
  assert.equal(signMessage({ ...request, headers, body }, options)['Content-Digest'], digest)
  const digested = [...headers, 'content-digest', digest]
  assert.ok(!('Content-Digest' in signMessage({ ...request, headers: digested, body }, options)))
  assert.ok(!('Content-Digest' in signMessage(request, options)))
})

describe('throws on', () => {
  const cases: Record<string, [changes: object, message: RegExp]> = {
    'a component that is missing': [{ components: ['date'] }, /date is missing/],
    'a component given twice': [{ components: ['date', 'date'] }, /occurs twice/],
    'a component that cannot be written': [{ components: ['"date'] }, /cannot be written/],
    'a label that cannot be written': [{ label: 'Sig' }, /cannot be written/],
    'a parameter that cannot be written': [{ parameters: { keyid: 'k\u00e9' } }, /be written/],
    'a time with a fraction': [{ parameters: { created: 1.5 } }, /no signature needs/],
  }
  for (const [name, [changes, message]] of Object.entries(cases)) {
    test(name, () => {
      assert.throws(() => signMessage(request, { ...options, ...changes }), message)
    })
  }
})
