import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MessageSignatureSettings } from '../../../src/authenticate/message-signature/message-signature-settings.ts'
import { verificationKey } from '../../../src/authenticate/message-signature/verification-key.ts'
import { checkSettings } from '../../../src/config/check-settings.ts'
import { Secret } from '../../../src/contract/secret.ts'
import { ed25519PrivateKey, ed25519PublicPem } from '../../conformance/rfc9421-keys.ts'

const check = (value: unknown) => checkSettings(MessageSignatureSettings, value)

const faultsOf = (value: unknown) =>
  check(value).faults.map(({ pointer, expected }) => `${pointer}: ${expected}`)

const hmac = { id: 'k1', algorithm: 'hmac-sha256', secret: 'env:ACME_SECRET' }
const ed25519 = { id: 'k2', algorithm: 'ed25519', publicKey: 'file:acme.pem' }

test('accepts keys of every kind, and fills in the times', () => {
  const { value, faults } = check({ scheme: 'rfc9421', keys: [hmac, ed25519] })
  assert.deepEqual(faults, [])
  assert.equal(value.maxLifetimeSeconds, 300)
  assert.equal(value.clockSkewSeconds, 30)
})

test('says what is wrong with a key', () => {
  const kind = 'a secret for hmac-sha256, a publicKey for ed25519 and ecdsa-p256-sha256'
  for (const key of [
    { ...hmac, publicKey: 'file:acme.pem' },
    { id: 'k1', algorithm: 'hmac-sha256' },
    { ...hmac, algorithm: 'ed25519' },
    { ...ed25519, algorithm: 'hmac-sha256' },
  ]) {
    assert.deepEqual(faultsOf({ scheme: 'rfc9421', keys: [key] }), [`/keys/0: ${kind}`])
  }
  assert.deepEqual(faultsOf({ scheme: 'rfc9421', keys: [hmac, { ...ed25519, id: 'k1' }] }), [
    '/keys: keys of which no two have the same id',
  ])
  assert.deepEqual(faultsOf({ scheme: 'rfc9421', keys: [{ ...hmac, secret: 'in plain' }] }), [
    '/keys/0/secret: a reference to a secret, env:NAME or file:PATH (a secret in plain is refused)',
  ])
  assert.deepEqual(faultsOf({ scheme: 'rfc9421', keys: [{ ...hmac, notAfter: 'tomorrow' }] }), [
    '/keys/0/notAfter: a time in UTC, such as 2027-01-31T00:00:00Z',
  ])
})

test('says what a public key must be', () => {
  const expected = 'a public key for ed25519, SubjectPublicKeyInfo in PEM'
  const privatePem = ed25519PrivateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  const broken = ed25519PublicPem.replace('MCow', 'MCox')
  for (const pem of ['no key at all, really', privatePem, broken]) {
    const key = { id: 'k', algorithm: 'ed25519', publicKey: new Secret(pem) } as const
    assert.deepEqual(verificationKey(key), { expected })
  }
})
