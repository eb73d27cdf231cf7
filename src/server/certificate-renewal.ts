import type { Server } from 'node:tls'
import { oneAtATime } from '../contract/one-at-a-time.ts'
import {
  type CertificateEnds,
  endsOf,
  findDateFault,
  readTlsMaterial,
  secureContextOptions,
  type TlsFiles,
  type TlsMaterial,
} from './tls.ts'

/** The result of a look at the certificate files. */
export type Renewal =
  | { readonly state: 'unchanged' }
  | { readonly state: 'renewed'; readonly ends: CertificateEnds }
  /** The old certificate stays in use; `reason` says what is wrong with the new one, and holds nothing of the key. */
  | { readonly state: 'kept'; readonly reason: string }

/** Takes over a new certificate while the server runs. */
export interface CertificateRenewal {
  /** Looks at the files now. */
  readonly look: () => Promise<Renewal>
  readonly stop: () => void
}

/** The certificate in use, and the files in which the next one will appear. */
export interface CertificateSource {
  readonly files: TlsFiles
  readonly inUse: TlsMaterial
  /** How often the files are looked at, milliseconds. */
  readonly everyMs: number
  /** Milliseconds since the epoch. */
  readonly clock: () => number
}

/**
 * Looks at the files at intervals, and uses what they hold for new handshakes; open connections stay as they
 * are. It compares contents, so it does not matter whether files are written over, renamed, or replaced
 * through symbolic links as Kubernetes does. A certificate and key that do not belong together, as when only
 * one of the files has been written yet, are not used; the next look tries again. Nor is a certificate that callers
 * would refuse for its dates, as long as they accept the present one.
 * @param report told of each renewal, and of each new reason not to renew
 */
export function renewCertificate(
  server: Pick<Server, 'setSecureContext'>,
  { files, inUse: atStart, everyMs, clock }: CertificateSource,
  report: (renewal: Renewal) => void,
): CertificateRenewal {
  let inUse = atStart
  let lastFault: string | undefined

  async function look(): Promise<Renewal> {
    const before = inUse
    try {
      const found = await readTlsMaterial(files)
      // Another look was faster, and may have read newer files.
      if (inUse !== before) return await look()
      if (found.digest === inUse.digest) {
        lastFault = undefined
        return { state: 'unchanged' }
      }
      const ends = endsOf(found)
      const fault = findDateFault(found, clock())
      if (fault !== undefined && findDateFault(inUse, clock()) === undefined) throw new Error(fault)
      server.setSecureContext(secureContextOptions(found))
      inUse = found
      lastFault = undefined
      const renewal: Renewal = { state: 'renewed', ends }
      report(renewal)
      return renewal
    } catch (error) {
      // Messages of Node and OpenSSL name a file or say what is wrong, and never show contents.
      const reason = error instanceof Error ? error.message : 'unknown'
      const renewal: Renewal = { state: 'kept', reason }
      if (reason !== lastFault) report(renewal)
      lastFault = reason
      return renewal
    }
  }

  // Where the file system hangs, looks would pile up.
  const timer = setInterval(oneAtATime(look), everyMs).unref()
  return { look, stop: () => clearInterval(timer) }
}
