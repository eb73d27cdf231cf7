import { createSecretKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import type { MessageSignatureSettings } from '../../../src/authenticate/message-signature/message-signature-settings.ts'
import { signMessage } from '../../../src/authenticate/message-signature/sign.ts'
import type { SignatureAlgorithm } from '../../../src/authenticate/message-signature/signature-algorithm.ts'
import type { SignatureParameters } from '../../../src/authenticate/message-signature/signature-parameters.ts'
import { Secret } from '../../../src/contract/secret.ts'
import type { RequestContext } from '../../../src/request-context.ts'
import { requestContext } from '../../support/request.ts'

/** The time of these tests, and what the gateway is called in them. */
export const nowMs = Date.parse('2026-11-24T12:00:00Z')
export const nowSeconds = nowMs / 1000
export const origin = { scheme: 'https', authority: 'gateway.example' } as const

const secret = 'message-secret-0123456789-0123456789'
const ed25519 = generateKeyPairSync('ed25519')
const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' })

/** One key of each algorithm, named after it. */
export const signingKeys: Readonly<Record<SignatureAlgorithm, KeyObject>> = {
  'hmac-sha256': createSecretKey(secret, 'utf8'),
  ed25519: ed25519.privateKey,
  'ecdsa-p256-sha256': p256.privateKey,
}

export function publicPem(key: KeyObject): Secret {
  return new Secret(key.export({ type: 'spki', format: 'pem' }).toString())
}

export const settings: MessageSignatureSettings = {
  scheme: 'rfc9421',
  keys: [
    { id: 'hmac-sha256', algorithm: 'hmac-sha256', secret: new Secret(secret) },
    { id: 'ed25519', algorithm: 'ed25519', publicKey: publicPem(ed25519.publicKey) },
    {
      id: 'ecdsa-p256-sha256',
      algorithm: 'ecdsa-p256-sha256',
      publicKey: publicPem(p256.publicKey),
    },
    {
      id: 'retired',
      algorithm: 'hmac-sha256',
      secret: new Secret(secret),
      notAfter: '2026-11-24T12:00:00Z',
    },
  ],
  maxLifetimeSeconds: 300,
  clockSkewSeconds: 30,
}

/** What a request is made of before it is signed. */
export interface Parts {
  readonly method: string
  readonly target: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
  readonly algorithm: SignatureAlgorithm
  /** A parameter that is undefined is left out. */
  readonly parameters: { readonly [Key in keyof SignatureParameters]?: unknown }
  readonly components: readonly string[] | undefined
}

/** A signed request, still in parts that can be tampered with. */
export interface SignedParts {
  readonly method: string
  readonly target: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
}

/** Signs a write with a body; by default as this gateway wants it. */
export function signedParts(changes: Partial<Parts> = {}): SignedParts {
  const {
    method = 'POST',
    target = '/rest/V1/products?fields=sku',
    headers = { 'Content-Type': 'application/json' },
    body = Buffer.from('{"sku":"24-MB01"}'),
    algorithm = 'hmac-sha256',
    components,
  } = changes
  const parameters = Object.entries({
    created: nowSeconds,
    expires: nowSeconds + 300,
    keyid: algorithm,
    nonce: 'nonce-0123456789abcdef',
    ...changes.parameters,
  }).filter(([, value]) => value !== undefined)
  const [path = '', query] = target.split('?')
  const fields = signMessage(
    { method, path, query, ...origin, headers: Object.entries(headers).flat(), body },
    {
      algorithm,
      key: signingKeys[algorithm],
      parameters: Object.fromEntries(parameters) as SignatureParameters,
      ...(components && { components }),
    },
  )
  return { method, target, headers: { ...headers, ...fields }, body }
}

/** The signed request as it reaches the verifier, with fields of it changed. */
export function received(
  parts: SignedParts,
  headers: Readonly<Record<string, string | readonly string[]>> = {},
): RequestContext {
  return requestContext({ ...parts, headers: { ...parts.headers, ...headers } })
}
