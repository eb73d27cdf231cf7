import type { Server } from 'node:tls'
import {
  type CertificateEnds,
  endsOf,
  readTlsMaterial,
  secureContextOptions,
  type TlsFiles,
  type TlsMaterial,
} from './tls.ts'

/** What became of a look at the files of a certificate. */
export type Renewal =
  | { readonly state: 'unchanged' }
  | { readonly state: 'renewed'; readonly ends: CertificateEnds }
  /** The old certificate stays; `why` says what does not fit, and holds nothing of the key. */
  | { readonly state: 'kept'; readonly why: string }

/** Takes a new certificate over while the server runs. */
export interface CertificateRenewal {
  /** Looks at the files now. */
  readonly look: () => Promise<Renewal>
  readonly stop: () => void
}

/** A certificate that is in use, and where the next one will be. */
export interface CertificateSource {
  readonly files: TlsFiles
  readonly inUse: TlsMaterial
  /** How often the files are looked at, milliseconds. */
  readonly everyMs: number
}

/**
 * Looks at the files again and again, and has new handshakes use what they hold; open connections stay
 * as they are. It compares contents, so that it does not matter how files are replaced: written over,
 * renamed, or by the symbolic links that Kubernetes swaps. What is no whole pair, as between the writing
 * of the two files, is left until the files change again.
 * @param report told what is new, each time once
 */
export function renewCertificate(
  server: Pick<Server, 'setSecureContext'>,
  { files, inUse, everyMs }: CertificateSource,
  report: (renewal: Renewal) => void,
): CertificateRenewal {
  let { digest } = inUse
  let lastFault: string | undefined

  async function look(): Promise<Renewal> {
    try {
      const found = await readTlsMaterial(files)
      if (found.digest === digest) {
        lastFault = undefined
        return { state: 'unchanged' }
      }
      const ends = endsOf(found)
      server.setSecureContext(secureContextOptions(found))
      digest = found.digest
      lastFault = undefined
      const renewal: Renewal = { state: 'renewed', ends }
      report(renewal)
      return renewal
    } catch (error) {
      // The message of Node or OpenSSL names a file or says what does not fit, never contents.
      const why = error instanceof Error ? error.message : 'unknown'
      const renewal: Renewal = { state: 'kept', why }
      if (why !== lastFault) report(renewal)
      lastFault = why
      return renewal
    }
  }

  const timer = setInterval(() => void look(), everyMs).unref()
  return { look, stop: () => clearInterval(timer) }
}
