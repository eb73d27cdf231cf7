import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { signature } from '../../src/authenticate/signature.ts'
import type { SignatureSettings } from '../../src/authenticate/signature-settings.ts'
import { Secret } from '../../src/contract/secret.ts'
import { requestContext } from '../support/request.ts'
import { services } from '../support/services.ts'
import { rejectionOf } from '../support/verdicts.ts'
import { nowMs, settings, signedParts } from './message-signature/signed-request.ts'

const secrets = [{ id: 'k1', value: new Secret('a-secret-0123456789') }]
const canonical: SignatureSettings = { scheme: 'canonical', secrets, maxAgeMs: 300_000 }
const oauth1: SignatureSettings = {
  scheme: 'oauth1',
  keys: [
    {
      id: 'k1',
      consumerKey: new Secret('consumer-key'),
      consumerSecret: new Secret('consumer-secret'),
      accessToken: new Secret('access-token'),
      accessTokenSecret: new Secret('access-token-secret'),
    },
  ],
  allowSha1: false,
  requireBodyHash: false,
  maxAgeMs: 300_000,
}
const sharedKeys = { ...settings, keys: settings.keys.slice(0, 1) }

const hexSignature = { 'X-Signature': 'ab'.repeat(32) }
const canonicalFields = {
  ...hexSignature,
  'X-Timestamp': String(nowMs / 1000),
  'X-Nonce': 'nonce-0123456789abcdef',
}
const oauthFields = {
  Authorization:
    `OAuth oauth_consumer_key="nobody",oauth_token="access-token",oauth_nonce="nonce-0123456789",` +
    `oauth_signature_method="HMAC-SHA256",oauth_timestamp="${nowMs / 1000}",oauth_signature="AAAA"`,
}
/** Signed with a key of the shop's, by nobody that it knows. */
const message = (algorithm: 'hmac-sha256' | 'ed25519') =>
  signedParts({ algorithm, parameters: { keyid: 'nobody' } }).headers

/** What a signature that is refused has cost: a key of the integration, or of nobody. */
const costs: readonly [string, SignatureSettings, Readonly<Record<string, string>>, number][] = [
  ['canonical, of its scheme', canonical, canonicalFields, 0],
  ['canonical, by its form', canonical, { ...canonicalFields, 'X-Nonce': 'short' }, 1],
  ['canonical, as a message', canonical, message('ed25519'), 1],
  ['body, of its scheme', { scheme: 'body', secrets }, hexSignature, 0],
  ['body, as a message', { scheme: 'body', secrets }, message('hmac-sha256'), 1],
  ['oauth1, of its scheme', oauth1, oauthFields, 0],
  ['oauth1, as a canonical one', oauth1, canonicalFields, 1],
  ['rfc9421, of its scheme', sharedKeys, message('hmac-sha256'), 0],
  ['rfc9421, as long as those of no key', sharedKeys, message('ed25519'), 1],
  ['rfc9421, as a canonical one', sharedKeys, canonicalFields, 1],
]

describe('a refused signature costs the use of one key, whatever the integration signs with', () => {
  for (const [name, own, headers, expected] of costs) {
    test(name, async () => {
      let decoys = 0
      const check = signature.prepare(own, {
        ...services(() => nowMs),
        spendDecoy: () => {
          decoys += 1
        },
      })
      const { method, target, body } = signedParts()
      const fields = { 'Content-Type': 'application/json', ...headers }
      await rejectionOf(check(requestContext({ method, target, body, headers: fields })))
      assert.equal(decoys, expected)
    })
  }
})
