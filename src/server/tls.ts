import { constants, createHash } from 'node:crypto'
import { createSecureContext, type SecureContextOptions } from 'node:tls'
import { readRegularFile } from '../config/read-bytes.ts'
import { pemCertificates } from '../syntax/pem-certificates.ts'

/** The TLS files of the public listener. */
export interface TlsFiles {
  readonly certFile: string
  readonly keyFile: string
  /** Authorities that may sign client certificates; without it, no chain is trusted. */
  readonly clientCaFile?: string
}

/** The contents of the TLS files. */
export interface TlsMaterial {
  readonly cert: Buffer
  readonly key: Buffer
  readonly ca: readonly Buffer[]
  /** Changes when one of the files changes. */
  readonly digest: string
}

/*
 * Only suites with forward secrecy and authenticated encryption: those of TLS 1.3, and those of TLS 1.2 that
 * HTTP/2 does not prohibit (RFC 9113, appendix A).
 */
const ciphers = [
  ...['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256'],
  ...['ECDHE-ECDSA-AES128-GCM-SHA256', 'ECDHE-RSA-AES128-GCM-SHA256'],
  ...['ECDHE-ECDSA-AES256-GCM-SHA384', 'ECDHE-RSA-AES256-GCM-SHA384'],
  ...['ECDHE-ECDSA-CHACHA20-POLY1305', 'ECDHE-RSA-CHACHA20-POLY1305'],
].join(':')

/**
 * Reads certificate, key and authorities.
 * @throws when a file cannot be read
 */
export async function readTlsMaterial(files: TlsFiles): Promise<TlsMaterial> {
  const { certFile, keyFile, clientCaFile } = files
  const cert = await readRegularFile(certFile)
  const key = await readRegularFile(keyFile)
  // Without the file there are no authorities. Public ones would sign a certificate for anybody.
  const ca = clientCaFile === undefined ? [] : [await readRegularFile(clientCaFile)]
  const digest = createHash('sha256')
  for (const part of [cert, key, ...ca]) digest.update(`${part.length}:`).update(part)
  return { cert, key, ca, digest: digest.digest('hex') }
}

/**
 * The TLS options of the server.
 * @throws when certificate and key do not belong together, or a file is incomplete
 */
export function secureContextOptions({ cert, key, ca }: TlsMaterial): SecureContextOptions {
  const options: SecureContextOptions = {
    cert,
    key,
    ca: [...ca],
    ciphers,
    minVersion: 'TLSv1.2',
    // RFC 9113, section 9.2.1. HTTP/1 needs no renegotiation either.
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
  }
  createSecureContext(options)
  return options
}

/**
 * What keeps callers from accepting the certificate of the listener at a time; undefined if nothing about its dates does.
 * @param nowMs milliseconds since the epoch
 */
export function findDateFault({ cert }: TlsMaterial, nowMs: number): string | undefined {
  // The first one is that of the listener; those of authorities follow.
  const [own] = pemCertificates(cert.toString('latin1'))
  if (own === undefined) return undefined
  const { validFromDate: from, validToDate: to } = own
  if (nowMs < from.getTime()) return `a certificate that is valid from ${from.toISOString()}`
  return nowMs > to.getTime() ? `a certificate that expired at ${to.toISOString()}` : undefined
}

/** When certificates expire, milliseconds since the epoch; for each file, the certificate that expires first. */
export interface CertificateEnds {
  /** The chain that callers are shown. */
  readonly listenerMs: number
  /** The authorities that may sign client certificates; absent where there are none. */
  readonly clientCaMs?: number
}

/**
 * When the certificates expire.
 * @throws when one of them is incomplete, or a file has none. OpenSSL would ignore what is no complete authority, and
 *   then trust nobody.
 */
export function endsOf({ cert, ca }: TlsMaterial): CertificateEnds {
  const listenerMs = firstEndMs([cert])
  return ca.length === 0 ? { listenerMs } : { listenerMs, clientCaMs: firstEndMs(ca) }
}

function firstEndMs(files: readonly Buffer[]): number {
  const certificates = files.flatMap((file) => pemCertificates(file.toString('latin1')))
  if (certificates.length === 0) throw new Error('a file without a certificate')
  return Math.min(...certificates.map(({ validToDate }) => validToDate.getTime()))
}
