import { hash, type X509Certificate } from 'node:crypto'
import { type Static, Type } from 'typebox'
import type { ClientCertificate } from '../request-context.ts'
import { onceFor } from './once-for.ts'
import { closed } from './setting-forms.ts'

/** Which client certificates belong to an integration. */
export const CertificatePinSetting = Type.Refine(
  Type.Object(
    {
      spkiSha256: Type.Optional(
        Type.Array(Type.String({ pattern: '^[0-9a-f]{64}$' }), {
          minItems: 1,
          maxItems: 2,
          // RFC 7469, section 2.4.
          description:
            'Hex SHA-256 of the public key (SubjectPublicKeyInfo, DER); two while rotating.',
        }),
      ),
      subject: Type.Optional(
        Type.Record(Type.String({ pattern: '^[A-Za-z0-9.]+$' }), Type.String({ minLength: 1 }), {
          minProperties: 1,
          maxProperties: 10,
          ...closed,
          description: 'Attributes of the subject, such as CN; requires a trusted authority.',
        }),
      ),
    },
    closed,
  ),
  (pin) => Object.keys(pin).length === 1,
  () => 'exactly one of spkiSha256 and subject',
)

/** A setting of that form. */
export type CertificatePin = Static<typeof CertificatePinSetting>

/** Tells whether a certificate that the caller has proven to hold is the pinned one. */
export type PinMatcher = (presented: ClientCertificate, nowMs: number) => boolean

/** Compiles a pin. A certificate outside its period of validity never matches. */
export function compileCertificatePin({ spkiSha256, subject }: CertificatePin): PinMatcher {
  return ({ certificate, isChainTrusted }, nowMs) => {
    if (nowMs < certificate.validFromDate.getTime()) return false
    if (nowMs > certificate.validToDate.getTime()) return false
    if (spkiSha256 !== undefined) return spkiSha256.includes(spkiDigest(certificate))
    return isChainTrusted && subject !== undefined && hasSubject(certificate, subject)
  }
}

// A request is held against the pins of all integrations, and to read a subject takes about 40 µs each time.
const spkiDigest = onceFor(({ publicKey }: X509Certificate) =>
  hash('sha256', publicKey.export({ type: 'spki', format: 'der' })),
)

const subjectOf = onceFor(
  (certificate: X509Certificate) =>
    certificate.toLegacyObject().subject as unknown as Readonly<Record<string, unknown>>,
)

function hasSubject(
  certificate: X509Certificate,
  wanted: Readonly<Record<string, string>>,
): boolean {
  const attributes = subjectOf(certificate)
  // An attribute that occurs twice is a list here, which equals no text.
  return Object.entries(wanted).every(([name, value]) => attributes[name] === value)
}
