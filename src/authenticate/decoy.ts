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
 * Builds a function that verifies the signatures of a request that is refused anyway, with keys that nobody has: that of
 * each scheme whose fields the request has, but the one that has been tried with a real key. Together with the record
 * this takes as long for every request with these fields, so that the time does not reveal which scheme or key there is.
 * Whatever the settings of an integration can allow is verified here.
 */
export function prepareDecoy(
  origin: PublicOrigin,
  clock: () => number,
): (request: RequestContext, tried?: string) => void {
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

  /** The scheme that comes first is the one that the request most likely means. */
  function verifiersFor(request: RequestContext): [string, SignatureVerifier][] {
    const verifiers: [string, SignatureVerifier][] = []
    if (request.header('signature-input') !== undefined) {
      const isLong = longSignature.test(request.header('signature') ?? '')
      verifiers.push(['rfc9421', isLong ? asymmetric : shared])
    }
    if (request.header('x-timestamp') !== undefined) verifiers.push(['canonical', canonical])
    if (request.header('x-signature') !== undefined) verifiers.push(['body', body])
    if (/^oauth /i.test(request.header('authorization') ?? '')) verifiers.push(['oauth1', oauth1])
    return verifiers
  }
  return (request, tried) => {
    const others = verifiersFor(request).filter(([scheme]) => scheme !== tried)
    const [first] = others.map(([, verify]) => verify(request, clock()))
    if (tried !== undefined || first === undefined || !('reason' in first)) return
    // The record of a refusal is made before its answer, and evidence takes time to record.
    request.signatureEvidence ??= first.evidence
  }
}
