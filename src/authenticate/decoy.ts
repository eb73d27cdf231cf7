import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { type PublicOrigin, urlOf } from '../contract/public-origin.ts'
import { Secret } from '../contract/secret.ts'
import type { RequestContext } from '../request-context.ts'
import { bodySignature } from './body-signature.ts'
import { canonicalSignature } from './canonical-request.ts'
import { longestSkewSeconds } from './message-signature/message-signature-settings.ts'
import { prepareMessageSignature } from './message-signature/verify.ts'
import { oauth1Signature } from './oauth1/verify.ts'
import { longestAgeMs } from './signature-age.ts'
import type { SignatureVerifier } from './verifier.ts'

// Matches a 64-octet signature (ed25519, ecdsa) in base64, but not the 32 octets of hmac-sha256.
const longSignature = /:[A-Za-z0-9+/]{80,}={0,2}:/

/**
 * Builds a function that verifies the signature of a request that is refused anyway, with keys that nobody has. This and
 * the record of it cost as much time as a real verification, so that the time taken does not reveal whether there was one.
 */
export function prepareDecoy(
  origin: PublicOrigin,
  clock: () => number,
): (request: RequestContext) => void {
  const secret = () => new Secret(randomBytes(32).toString('hex'))
  const secrets = [{ id: 'decoy', value: secret() }]
  const messageSignature = (key: object) =>
    prepareMessageSignature(
      {
        scheme: 'rfc9421',
        keys: [{ id: 'decoy', ...key } as never],
        maxLifetimeSeconds: 300,
        clockSkewSeconds: longestSkewSeconds,
      },
      origin,
    )
  const body = bodySignature({ secrets })
  const canonical = canonicalSignature({ secrets, maxAgeMs: longestAgeMs })
  const oauth1 = oauth1Signature(
    {
      scheme: 'oauth1',
      keys: [
        {
          id: 'decoy',
          consumerKey: secret(),
          consumerSecret: secret(),
          accessToken: secret(),
          accessTokenSecret: secret(),
        },
      ],
      allowSha1: true,
      requireBodyHash: false,
      maxAgeMs: longestAgeMs,
    },
    urlOf(origin),
  )
  const shared = messageSignature({ algorithm: 'hmac-sha256', secret: secret() })
  const publicPem = generateKeyPairSync('ed25519')
    .publicKey.export({ type: 'spki', format: 'pem' })
    .toString()
  const asymmetric = messageSignature({ algorithm: 'ed25519', publicKey: new Secret(publicPem) })

  function verifierFor(request: RequestContext): SignatureVerifier | undefined {
    if (request.header('signature-input') !== undefined) {
      return longSignature.test(request.header('signature') ?? '') ? asymmetric : shared
    }
    if (request.header('x-timestamp') !== undefined) return canonical
    if (request.header('x-signature') !== undefined) return body
    return /^oauth /i.test(request.header('authorization') ?? '') ? oauth1 : undefined
  }
  return (request) => {
    const result = verifierFor(request)?.(request, clock())
    // The record of a refusal is made before its answer, and evidence takes time to record.
    if (result !== undefined && 'reason' in result) request.signatureEvidence ??= result.evidence
  }
}
