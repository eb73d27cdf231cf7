import {
  createHash,
  createHmac,
  createSecretKey,
  generateKeyPairSync,
  type KeyObject,
} from 'node:crypto'
import { bodySignature } from '../src/authenticate/body-signature.ts'
import { canonicalRequest, canonicalSignature } from '../src/authenticate/canonical-request.ts'
import { signMessage } from '../src/authenticate/message-signature/sign.ts'
import type { SignatureAlgorithm } from '../src/authenticate/message-signature/signature-algorithm.ts'
import { prepareMessageSignature } from '../src/authenticate/message-signature/verify.ts'
import { oauth1BaseString } from '../src/authenticate/oauth1/base-string.ts'
import { oauth1Signature } from '../src/authenticate/oauth1/verify.ts'
import type { SignatureVerifier } from '../src/authenticate/verifier.ts'
import { Secret } from '../src/contract/secret.ts'
import { percentEncode } from '../src/syntax/percent-encoding.ts'
import { requestContext } from '../test/support/request.ts'
import { itemsOf } from './cases.ts'
import { measurePiece, type Piece } from './micro.ts'

const secret = 'bench-secret-0123456789-0123456789abcdef'
const method = 'POST'
const path = '/rest/V1/products'
const body = itemsOf(200, 1)
const nonce = 'b7f0c1d2e3a4958677'
const origin = { scheme: 'https', authority: 'gateway.example' } as const
const standing = {
  Authorization: 'Bearer bench-token-0123456789abcdef',
  'User-Agent': 'bench/1.0',
  Accept: 'application/json',
  'Content-Type': 'application/json',
}

/** What it costs to verify a POST of 200 bytes, by each scheme. */
export function measureVerifications(): Piece[] {
  const nowMs = Date.now()
  const seconds = Math.floor(nowMs / 1000)
  const hmac = (text: string) => createHmac('sha256', secret).update(text).digest('hex')
  const secrets = [{ id: 'k1', value: new Secret(secret) }]
  const timestamp = String(seconds)
  const canonical = canonicalRequest({ timestamp, nonce, method, path, query: '', body })
  return [
    measureVerification('body', bodySignature({ secrets }), { 'X-Signature': hmac(body) }, nowMs),
    measureVerification(
      'canonical',
      canonicalSignature({ secrets, maxAgeMs: 300_000 }),
      { 'X-Timestamp': timestamp, 'X-Nonce': nonce, 'X-Signature': hmac(canonical) },
      nowMs,
    ),
    ...keysOfEachAlgorithm().map(({ algorithm, setting, key }) =>
      measureVerification(
        `rfc9421 ${algorithm}`,
        prepareMessageSignature(
          { scheme: 'rfc9421', keys: [setting], maxLifetimeSeconds: 300, clockSkewSeconds: 30 },
          origin,
        ),
        messageHeaders(algorithm, key, seconds),
        nowMs,
      ),
    ),
    measureOauth1(seconds, nowMs),
  ]
}

function measureVerification(
  name: string,
  verify: SignatureVerifier,
  headers: Readonly<Record<string, string>>,
  nowMs: number,
): Piece {
  const request = requestContext({
    method,
    target: path,
    body,
    headers: { ...standing, ...headers },
  })
  const result = verify(request, nowMs)
  if ('reason' in result) throw new Error(`${name}: ${result.reason}`)
  return measurePiece(`signature of 200 B, ${name}`, () => verify(request, nowMs))
}

function keysOfEachAlgorithm() {
  const ed25519 = generateKeyPairSync('ed25519')
  const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const publicKey = (key: KeyObject) =>
    new Secret(key.export({ type: 'spki', format: 'pem' }).toString())
  return [
    {
      algorithm: 'hmac-sha256',
      key: createSecretKey(secret, 'utf8'),
      setting: { id: 'k', algorithm: 'hmac-sha256', secret: new Secret(secret) },
    },
    {
      algorithm: 'ed25519',
      key: ed25519.privateKey,
      setting: { id: 'k', algorithm: 'ed25519', publicKey: publicKey(ed25519.publicKey) },
    },
    {
      algorithm: 'ecdsa-p256-sha256',
      key: p256.privateKey,
      setting: { id: 'k', algorithm: 'ecdsa-p256-sha256', publicKey: publicKey(p256.publicKey) },
    },
  ] as const
}

function messageHeaders(
  algorithm: SignatureAlgorithm,
  key: KeyObject,
  created: number,
): Readonly<Record<string, string>> {
  const parameters = { created, expires: created + 300, nonce, keyid: 'k' }
  const headers = Object.entries(standing).flat()
  const request = { method, ...origin, path, query: undefined, headers, body: Buffer.from(body) }
  return { ...signMessage(request, { algorithm, key, parameters }) }
}

function measureOauth1(seconds: number, nowMs: number): Piece {
  const own = new Secret(secret)
  const parameters = {
    oauth_consumer_key: secret,
    oauth_nonce: nonce,
    oauth_signature_method: 'HMAC-SHA256',
    oauth_timestamp: String(seconds),
    oauth_token: secret,
    oauth_version: '1.0',
    oauth_body_hash: createHash('sha256').update(body).digest('base64'),
    oauth_signature: '',
  }
  const text = oauth1BaseString(
    { method, origin: 'https://gateway.example', path, query: undefined },
    parameters,
  )
  parameters.oauth_signature = createHmac('sha256', `${secret}&${secret}`)
    .update(String(text))
    .digest('base64')
  const fields = Object.entries(parameters).map(
    ([name, value]) => `${name}="${percentEncode(value)}"`,
  )
  const verify = oauth1Signature(
    {
      scheme: 'oauth1',
      keys: [
        {
          id: 'k',
          consumerKey: own,
          consumerSecret: own,
          accessToken: own,
          accessTokenSecret: own,
        },
      ],
      allowSha1: false,
      requireBodyHash: true,
      maxAgeMs: 300_000,
    },
    'https://gateway.example',
  )
  return measureVerification(
    'oauth1',
    verify,
    { Authorization: `OAuth ${fields.join(', ')}` },
    nowMs,
  )
}
