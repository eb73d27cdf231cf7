import { type Static, Type } from 'typebox'
import { SecretSetting } from '../../contract/secret-setting.ts'
import { closed } from '../../contract/setting-forms.ts'
import { KeyIdSetting, NotAfterSetting } from '../key-settings.ts'
import { signatureAlgorithms } from './signature-algorithm.ts'
import { defaultTag } from './signature-input.ts'

/** A key with which signatures are verified. */
const MessageSignatureKey = Type.Refine(
  Type.Object(
    {
      id: KeyIdSetting('The keyid of the signatures; shown in the audit.'),
      algorithm: Type.Enum([...signatureAlgorithms], {
        description: 'hmac-sha256 requires a shared secret, the others the public key.',
      }),
      secret: Type.Optional(
        SecretSetting('hmac-sha256: the shared secret, used as the HMAC key byte for byte.', 32),
      ),
      publicKey: Type.Optional(
        SecretSetting('ed25519, ecdsa-p256-sha256: the public key, SubjectPublicKeyInfo in PEM.'),
      ),
      notAfter: Type.Optional(NotAfterSetting()),
    },
    closed,
  ),
  ({ algorithm, secret, publicKey }) =>
    algorithm === 'hmac-sha256'
      ? secret !== undefined && publicKey === undefined
      : publicKey !== undefined && secret === undefined,
  () => 'a secret for hmac-sha256, a publicKey for ed25519 and ecdsa-p256-sha256',
)

/** A key of {@link MessageSignatureSettings} whose references have been resolved. */
export type MessageSignatureKey = Static<typeof MessageSignatureKey>

/**
 * The most that `clockSkewSeconds` can be. Nonces are remembered for this long after the end of their signature, since
 * a reload may raise that setting.
 */
export const longestSkewSeconds = 120

/** Settings of the scheme `rfc9421`. */
export const MessageSignatureSettings = Type.Object(
  {
    scheme: Type.Literal('rfc9421', { description: 'HTTP Message Signatures, RFC 9421.' }),
    keys: Type.Refine(
      Type.Array(MessageSignatureKey, {
        minItems: 1,
        maxItems: 8,
        description: 'The keys of the integration; more than one while rotating.',
      }),
      (keys) => new Set(keys.map(({ id }) => id)).size === keys.length,
      () => 'keys of which no two have the same id',
    ),
    tag: Type.Optional(
      Type.String({
        pattern: '^[A-Za-z0-9._-]{1,64}$',
        description: `The tag that every signature must have. Without it a signature may have none, or ${defaultTag}.`,
      }),
    ),
    maxLifetimeSeconds: Type.Integer({
      minimum: 1,
      maximum: 300,
      default: 300,
      description: 'How far expires may be after created.',
    }),
    clockSkewSeconds: Type.Integer({
      minimum: 0,
      maximum: longestSkewSeconds,
      default: 30,
      description: "How far the caller's clock may differ from ours, in either direction.",
    }),
  },
  closed,
)

/** Settings of the scheme `rfc9421` whose references have been resolved. */
export type MessageSignatureSettings = Static<typeof MessageSignatureSettings>
