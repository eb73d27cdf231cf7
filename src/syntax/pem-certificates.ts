import { X509Certificate } from 'node:crypto'

// RFC 7468, sections 3 and 5, and the other labels that OpenSSL accepts.
const certificateBlock =
  /-----BEGIN (X509 |TRUSTED |)CERTIFICATE-----[^-]*-----END \1CERTIFICATE-----/g

const beginning = /-----BEGIN (?:X509 |TRUSTED |)CERTIFICATE-----/g

/**
 * The certificates in a PEM text, whatever else it contains.
 * @throws when one of them is incomplete
 */
export function pemCertificates(text: string): X509Certificate[] {
  const blocks = text.match(certificateBlock) ?? []
  // As in a file that is still being written.
  if (blocks.length !== (text.match(beginning) ?? []).length) throw new Error('half a certificate')
  return blocks.map((block) => new X509Certificate(block))
}
