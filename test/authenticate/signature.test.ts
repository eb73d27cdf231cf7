import assert from 'node:assert/strict'
import crypto from 'node:crypto'
import { syncBuiltinESMExports } from 'node:module'
import { describe, test } from 'node:test'
import { prepareDecoy } from '../../src/authenticate/decoy.ts'
import { signature } from '../../src/authenticate/signature.ts'
import type { SignatureSettings } from '../../src/authenticate/signature-settings.ts'
import { Secret } from '../../src/contract/secret.ts'
import { allow } from '../../src/policy.ts'
import type { RequestContext } from '../../src/request-context.ts'
import { requestContext } from '../support/request.ts'
import { services } from '../support/services.ts'
import { rejectionOf } from '../support/verdicts.ts'
import { nowMs, origin, settings, signedParts } from './message-signature/signed-request.ts'

const secrets = [{ id: 'k1', value: new Secret('a-secret-0123456789') }]
const body: SignatureSettings = { scheme: 'body', secrets }
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
const ended: SignatureSettings = {
  scheme: 'body',
  secrets: secrets.map((each) => ({ ...each, notAfter: '2026-11-24T12:00:00Z' })),
}
const rightSignature = {
  'X-Signature': crypto
    .createHmac('sha256', 'a-secret-0123456789')
    .update(signedParts().body)
    .digest('hex'),
}
/** Signed with a key of the shop's, by nobody that it knows. */
const message = (algorithm: 'hmac-sha256' | 'ed25519') =>
  signedParts({ algorithm, parameters: { keyid: 'nobody' } }).headers

/** Whether a signature that is refused has been tried with a key of the integration. */
const costs: readonly [string, SignatureSettings, Readonly<Record<string, string>>, boolean][] = [
  ['canonical, of its scheme', canonical, canonicalFields, true],
  ['canonical, by its form', canonical, { ...canonicalFields, 'X-Nonce': 'short' }, false],
  ['canonical, as a message', canonical, message('ed25519'), false],
  ['body, of its scheme', body, hexSignature, true],
  ['body, by a secret that has ended', ended, rightSignature, true],
  ['body, as a message', body, message('hmac-sha256'), false],
  ['oauth1, of its scheme', oauth1, oauthFields, true],
  ['oauth1, as a canonical one', oauth1, canonicalFields, false],
  ['rfc9421, of its scheme', sharedKeys, message('hmac-sha256'), true],
  ['rfc9421, of another request', sharedKeys, signedParts({ target: '/rest/V1/x' }).headers, true],
  ['rfc9421, as long as those of no key', sharedKeys, message('ed25519'), false],
  ['rfc9421, as a canonical one', sharedKeys, canonicalFields, false],
]

/** A request with these fields, which is refused unless they fit. */
function requestWith(headers: Readonly<Record<string, string>>): RequestContext {
  const { method, target, body } = signedParts()
  const fields = { 'Content-Type': 'application/json', ...headers }
  return requestContext({ method, target, body, headers: fields })
}

describe('a refused signature is verified for nothing unless a key was tried, whatever the integration signs with', () => {
  for (const [name, own, headers, isTried] of costs) {
    test(name, async () => {
      const decoys: unknown[] = []
      const spendDecoy = (_request: unknown, tried?: string) => decoys.push(tried)
      const check = signature.prepare(own, { ...services(() => nowMs), spendDecoy })
      await rejectionOf(check(requestWith(headers)))
      assert.deepEqual(decoys, [isTried ? own.scheme : undefined])
    })
  }
})

test('a request with signatures of all schemes costs the same, whatever its integration signs with', async (t) => {
  const verify = t.mock.method(crypto, 'verify').mock
  const createHmac = t.mock.method(crypto, 'createHmac').mock
  syncBuiltinESMExports()
  try {
    const spendDecoy = prepareDecoy(origin, () => nowMs)
    const costOf = async (check: (request: RequestContext) => unknown) => {
      const request = requestWith({ ...message('ed25519'), ...canonicalFields, ...oauthFields })
      verify.resetCalls()
      createHmac.resetCalls()
      await check(request)
      const recorded = request.signatureEvidence?.scheme
      return { verifications: verify.callCount(), hashes: createHmac.callCount(), recorded }
    }
    // By both algorithms with public keys, and by canonical, body and oauth1.
    const ofNobody = { verifications: 2, hashes: 3, recorded: undefined }
    assert.deepEqual(await costOf(spendDecoy), ofNobody)
    for (const own of [body, canonical, settings, oauth1]) {
      const check = signature.prepare(own, { ...services(() => nowMs), spendDecoy })
      // These two name no key, so that they can be recorded where they are of the integration's scheme.
      const recorded: string | undefined =
        own === body || own === canonical ? own.scheme : undefined
      assert.deepEqual(await costOf(check), { ...ofNobody, recorded }, own.scheme)
    }
  } finally {
    t.mock.restoreAll()
    syncBuiltinESMExports()
  }
})

test('what any settings could allow is verified for nothing: HMAC-SHA1, and times as far off as can be', (t) => {
  const createHmac = t.mock.method(crypto, 'createHmac').mock
  syncBuiltinESMExports()
  try {
    const spendDecoy = prepareDecoy(origin, () => nowMs)
    const hashesOf = (headers: Readonly<Record<string, string>>) => {
      const request = requestWith(headers)
      createHmac.resetCalls()
      spendDecoy(request)
      return createHmac.callCount()
    }
    for (const seconds of [nowMs / 1000 - 300, nowMs / 1000 + 300]) {
      const { Authorization } = oauthFields
      const sha1 = Authorization.replace('SHA256', 'SHA1').replace(/\d{10}/, String(seconds))
      assert.equal(hashesOf({ Authorization: sha1 }), 1)
      // By canonical, and by body.
      assert.equal(hashesOf({ ...canonicalFields, 'X-Timestamp': String(seconds) }), 2)
    }
  } finally {
    t.mock.restoreAll()
    syncBuiltinESMExports()
  }
})

test('what a signature tells is known of its request, and only the scheme body is told to be deprecated', async () => {
  const accepted = async (own: SignatureSettings, headers: Readonly<Record<string, string>>) => {
    const request = requestWith(headers)
    const check = signature.prepare(
      own,
      services(() => nowMs),
    )
    assert.equal(await check(request), allow)
    return request
  }
  const byBody = await accepted(body, rightSignature)
  assert.deepEqual([byBody.keyId, byBody.nonce], ['k1', undefined])
  assert.ok(byBody.repeatKey)
  assert.deepEqual(byBody.answerHeaders, ['Deprecation', '@1795478400'])
  const asMessage = await accepted(settings, signedParts().headers)
  assert.deepEqual([asMessage.keyId, asMessage.repeatKey], ['hmac-sha256', undefined])
  assert.equal(asMessage.nonce?.value, 'nonce-0123456789abcdef')
  assert.deepEqual(asMessage.answerHeaders, [])
})
