import { type PublicOrigin, urlOf } from '../contract/public-origin.ts'
import { allow, definePolicy } from '../policy.ts'
import { reject } from '../problem.ts'
import { bodySignature } from './body-signature.ts'
import { canonicalSignature } from './canonical-request.ts'
import { prepareMessageSignature } from './message-signature/verify.ts'
import { oauth1Signature } from './oauth1/verify.ts'
import { SignatureSettings } from './signature-settings.ts'
import type { SignatureVerifier } from './verifier.ts'

/*
 * Signing only the body has been deprecated since 2026-11-24T00:00:00Z, when the other schemes were introduced. The
 * value is a Date as RFC 9745 wants it.
 */
const bodySchemeDeprecation = '@1795478400'

/** Verifies by its signature that the request was written by the integration, using the integration's scheme. */
export const signature = definePolicy({
  name: 'signature',
  stage: 'authenticate',
  section: 'credentials',
  key: 'signature',
  settings: SignatureSettings,
  prepare: (own, services) => {
    const verify = verifierOf(own, services.publicOrigin)
    return function checkSignature(request) {
      const result = verify(request, services.clock())
      if ('reason' in result) {
        request.signatureEvidence = result.evidence
        services.spendDecoy(request, result.isTried ? own.scheme : undefined)
        return reject('unauthenticated', result.reason)
      }
      request.keyId = result.keyId
      request.nonce = result.nonce
      request.repeatKey = result.repeatKey
      if (own.scheme === 'body') request.answerHeaders.push('Deprecation', bodySchemeDeprecation)
      return allow
    }
  },
})

/**
 * The verifier for the scheme of the settings.
 * @param origin the public origin of the gateway
 */
export function verifierOf(settings: SignatureSettings, origin: PublicOrigin): SignatureVerifier {
  switch (settings.scheme) {
    case 'body':
      return bodySignature(settings)
    case 'canonical':
      return canonicalSignature(settings)
    case 'rfc9421':
      return prepareMessageSignature(settings, origin)
    case 'oauth1':
      return oauth1Signature(settings, urlOf(origin))
  }
}
