import { createSecureContext } from 'node:tls'
import { readTlsMaterial, secureContextOptions } from '../server/tls.ts'
import { faultAt, type RuleFault } from './faults.ts'
import type { GatewaySettings } from './gateway-settings.ts'
import { readRegularFile } from './read-bytes.ts'

/**
 * Checks that certificates and keys are complete and belong together.
 * @param isAffected whether a fault is reported of a place already; such files are not read, since one may be a pipe
 */
export async function checkTlsFiles(
  { listen: { tls }, store: { clientCertificate } }: GatewaySettings,
  isAffected: (pointer: string) => boolean,
): Promise<RuleFault[]> {
  const listener = await faultsOf('/listen/tls', isAffected, async () => {
    if (tls !== undefined) secureContextOptions(await readTlsMaterial(tls))
  })
  const client = await faultsOf('/store/clientCertificate', isAffected, async () => {
    if (clientCertificate === undefined) return
    const { certFile, keyFile } = clientCertificate
    createSecureContext({
      cert: await readRegularFile(certFile),
      key: await readRegularFile(keyFile),
    })
  })
  return [...listener, ...client]
}

async function faultsOf(
  pointer: string,
  isAffected: (pointer: string) => boolean,
  use: () => Promise<void>,
): Promise<RuleFault[]> {
  if (isAffected(pointer)) return []
  try {
    await use()
    return []
  } catch (error) {
    // The messages of Node and OpenSSL say what is wrong, but never quote contents.
    const why = error instanceof Error ? error.message : 'unknown'
    return faultAt(pointer, `a certificate and the key that belongs to it, in PEM (${why})`)
  }
}
