import { Type } from 'typebox'
import { allow, definePolicy } from '../policy.ts'
import { reject } from '../problem.ts'
import { bodySignature } from './body-signature.ts'
import { canonicalSignature } from './canonical-request.ts'
import { SharedSecretsSetting } from './shared-secrets.ts'
import type { SignatureVerifier } from './verifier.ts'

/*
 * RFC 9745: since when signing the body alone is deprecated, as a date of structured fields.
 * 2026-11-24T00:00:00Z, the day on which the other schemes came.
 */
const bodySchemeDeprecation = '@1795478400'

const settings = Type.Object(
  {
    scheme: Type.Enum(['body', 'canonical'], {
      description:
        'body: hex HMAC-SHA256 over the raw body; canonical: over time, nonce, method, path, query and body.',
    }),
    secrets: SharedSecretsSetting(),
    maxAgeMs: Type.Integer({
      minimum: 1_000,
      maximum: 300_000,
      default: 300_000,
      description: 'canonical: how far the time of the caller may be from ours, either way.',
    }),
  },
  { additionalProperties: false },
)

/** Verifies that the integration itself wrote this request, by the scheme that it signs with. */
export const signature = definePolicy({
  name: 'signature',
  stage: 'authenticate',
  section: 'credentials',
  key: 'signature',
  settings,
  prepare: (own, services) => {
    const verify: SignatureVerifier =
      own.scheme === 'body' ? bodySignature(own) : canonicalSignature(own)
    return function checkSignature(request) {
      const result = verify(request, services.clock())
      if ('reason' in result) return reject('unauthenticated', result.reason)
      request.keyId = result.keyId
      request.nonce = result.nonce
      request.repeatKey = result.repeatKey
      if (own.scheme === 'body') request.answerHeaders.push('Deprecation', bodySchemeDeprecation)
      return allow
    }
  },
})
