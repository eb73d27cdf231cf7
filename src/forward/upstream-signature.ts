import { createHmac, createSecretKey, randomBytes } from 'node:crypto'
import { type Static, Type } from 'typebox'
import { KeyIdSetting } from '../authenticate/key-settings.ts'
import { requiredComponents } from '../authenticate/message-signature/component.ts'
import { contentDigest } from '../authenticate/message-signature/content-digest.ts'
import { asciiFieldContent } from '../authenticate/message-signature/field-component.ts'
import {
  type MessageSigningKey,
  messageSigningKey,
} from '../authenticate/message-signature/message-signing-key.ts'
import { signMessage } from '../authenticate/message-signature/sign.ts'
import { defaultTag } from '../authenticate/message-signature/signature-input.ts'
import type { PublicOrigin } from '../contract/public-origin.ts'
import { SecretSetting } from '../contract/secret-setting.ts'
import { closed } from '../contract/setting-forms.ts'
import { fieldsWhere, firstValue } from '../syntax/headers.ts'
import type { OutgoingRequest } from './outgoing-request.ts'

/** How the gateway itself signs what it forwards. */
export const UpstreamSignatureSettings = Type.Union(
  [
    Type.Object(
      {
        scheme: Type.Literal('body', {
          description: 'X-Signature, the hex HMAC-SHA256 over the raw body.',
        }),
        secret: SecretSetting('Shared only with the check on the side of Magento.'),
      },
      closed,
    ),
    Type.Object(
      {
        scheme: Type.Literal('rfc9421', { description: 'HTTP Message Signatures, RFC 9421.' }),
        keyId: KeyIdSetting('The keyid of the signatures.'),
        secret: SecretSetting(
          'For hmac-sha256 a shared secret; for ed25519 and ecdsa-p256-sha256 the private key, PKCS #8 in PEM.',
          32,
        ),
        lifetimeSeconds: Type.Integer({
          minimum: 1,
          maximum: 300,
          default: 60,
          description: 'How long a signature is valid.',
        }),
      },
      closed,
    ),
  ],
  { discriminator: 'scheme' },
)

/** The same with references resolved. */
export type UpstreamSignatureSettings = Static<typeof UpstreamSignatureSettings>

/** Gives the header section of a request with a signature added; to be called anew for every attempt. */
export type SignUpstream = (request: OutgoingRequest) => string[]

/**
 * Prepares the signature by which Magento's side can refuse what did not come through the gateway.
 * @param origin what Magento believes its address to be
 * @throws {TypeError} for an unusable key, which the checks of the configuration have ruled out
 */
export function prepareUpstreamSignature(
  settings: UpstreamSignatureSettings,
  origin: PublicOrigin,
): SignUpstream {
  const key = upstreamKey(settings)
  if ('expected' in key) throw new TypeError(`upstreamSignature: expected ${key.expected}`)
  if (settings.scheme === 'body') {
    return ({ headers, body }) => [
      ...headers,
      'x-signature',
      createHmac('sha256', key.key).update(body).digest('hex'),
    ]
  }
  const { keyId, lifetimeSeconds } = settings
  return (request) => {
    const { headers, components } = coveredHeaders(request)
    const created = Math.floor(Date.now() / 1000)
    const signed = signMessage(
      { ...request, ...origin, headers, body: undefined },
      {
        components,
        algorithm: key.algorithm,
        key: key.key,
        parameters: {
          created,
          expires: created + lifetimeSeconds,
          nonce: randomBytes(16).toString('base64url'),
          keyid: keyId,
          alg: key.algorithm,
          tag: defaultTag,
        },
      },
    )
    headers.push('signature-input', signed['Signature-Input'], 'signature', signed.Signature)
    return headers
  }
}

/** The header section with our digest of the body instead of the caller's, and the components to sign. */
function coveredHeaders({ headers, body }: OutgoingRequest) {
  const kept = fieldsWhere(headers, (name) => name !== 'content-digest')
  const components = [...requiredComponents(undefined)]
  if (body.length > 0) {
    kept.push('content-digest', contentDigest(body))
    components.push('content-digest')
  }
  const type = firstValue(kept, 'content-type')
  if (type !== undefined) {
    // Any other value can only be covered as a byte sequence (RFC 9421, section 2.1.3).
    components.push(asciiFieldContent.test(type) ? 'content-type' : '"content-type";bs')
  }
  return { headers: kept, components }
}

/** The key of the gateway's own signature, or what was expected instead of an unusable one. */
export function upstreamKey({
  scheme,
  secret,
}: UpstreamSignatureSettings): MessageSigningKey | { readonly expected: string } {
  const text = secret.reveal()
  if (scheme === 'body') return { key: createSecretKey(text, 'utf8'), algorithm: 'hmac-sha256' }
  const ready = messageSigningKey(text)
  if (!('fault' in ready)) return ready
  return { expected: 'a private key for ed25519 or ecdsa-p256-sha256 in PEM, or a shared secret' }
}
