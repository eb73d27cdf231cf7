import { X509Certificate } from 'node:crypto'
import { allow, type Step } from '../policy.ts'
import { reject } from '../problem.ts'

/** Headers in which proxies forward a client certificate; they may occur only once, and are never sent to Magento. */
export const certificateHeaders = ['Client-Cert', 'X-Client-Cert', 'X-SSL-Client-Cert'] as const

// RFC 9440, section 2.1: the DER certificate as a byte sequence of structured fields.
const byteSequence = /^:([A-Za-z0-9+/]+={0,2}):$/

/**
 * Reads a certificate that a proxy forwards: in the form of RFC 9440, or as percent-encoded PEM, which nginx sends
 * (`$ssl_client_escaped_cert`).
 * @returns undefined when it has neither form
 */
function parseForwardedCertificate(value: string): X509Certificate | undefined {
  try {
    const der = byteSequence.exec(value)?.[1]
    return new X509Certificate(der ? Buffer.from(der, 'base64') : decodeURIComponent(value))
  } catch {
    return undefined
  }
}

/** Where forwarded client certificates are found. */
export interface ClientCertificateFacts {
  /** Lower-case name of the header in which a trusted proxy forwards it. */
  readonly clientCertificateHeader: string | undefined
}

/** Finds the certificate whose key the caller has proven to hold, to the gateway itself or to a trusted proxy. */
export const clientCertificate: Step<ClientCertificateFacts> = {
  name: 'client-certificate',
  prepare: ({ clientCertificateHeader: header }) =>
    function checkClientCertificate(request) {
      if (!request.viaTrustedProxy) return allow
      // The certificate of the TLS handshake is that of the proxy.
      request.clientCertificate = undefined
      if (header === undefined) return allow
      const forwarded = request.header(header)
      // nginx sends an empty header for a caller without a certificate.
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
