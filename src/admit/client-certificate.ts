import { X509Certificate } from 'node:crypto'
import { allow, type Step } from '../policy.ts'
import { reject } from '../problem.ts'

/** Headers in which proxies forward a client certificate; none is ever sent to Magento. */
export const certificateHeaders = ['Client-Cert', 'X-Client-Cert', 'X-SSL-Client-Cert'] as const

// RFC 9440, section 2.1: a byte sequence of structured fields that holds the DER certificate.
const byteSequence = /^:([A-Za-z0-9+/]+={0,2}):$/

/**
 * Reads a certificate that a proxy forwards: as RFC 9440 has it, or percent-encoded PEM as nginx
 * sends it (`$ssl_client_escaped_cert`).
 * @returns undefined when it is neither
 */
export function parseForwardedCertificate(value: string): X509Certificate | undefined {
  try {
    const der = byteSequence.exec(value)?.[1]
    return new X509Certificate(der ? Buffer.from(der, 'base64') : decodeURIComponent(value))
  } catch {
    return undefined
  }
}

/** What tells where a client certificate is found. */
export interface ClientCertificateFacts {
  /** Lower-case name of the header in which a trusted proxy forwards it. */
  readonly clientCertificateHeader: string | undefined
}

/** Finds the certificate that the caller has proven to hold: here, or towards a trusted proxy. */
export const clientCertificate: Step<ClientCertificateFacts> = {
  name: 'client-certificate',
  prepare: ({ clientCertificateHeader: header }) =>
    function checkClientCertificate(request) {
      if (!request.viaTrustedProxy) return allow
      // The one of the TLS handshake is the proxy's own.
      request.clientCertificate = undefined
      if (header === undefined) return allow
      const forwarded = request.header(header)
      // nginx sends an empty one for a caller without certificate.
      if (!forwarded) return allow
      const certificate = parseForwardedCertificate(forwarded)
      if (certificate === undefined) {
        return reject('bad-request', 'the forwarded client certificate is unreadable', {
          detail: `The header ${header} holds no certificate.`,
        })
      }
      request.clientCertificate = { certificate, isChainTrusted: true }
      return allow
    },
}
