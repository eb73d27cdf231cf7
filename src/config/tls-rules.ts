import { readFile } from 'node:fs/promises'
import { createSecureContext } from 'node:tls'
import { readTlsMaterial, secureContextOptions } from '../server/tls.ts'
import { faultAt, type RuleFault } from './faults.ts'
import type { GatewaySettings } from './gateway-settings.ts'
import type { IsAffected } from './load-file.ts'

/** Checks that certificates and keys are complete and belong together, unless they cannot even be read. */
export async function checkTlsFiles(
  { listen: { tls }, store: { clientCertificate } }: GatewaySettings,
  isAffected: IsAffected,
): Promise<RuleFault[]> {
  const listener = await faultsOf('/listen/tls', async () => {
    if (tls === undefined || isAffected('/listen/tls')) return
    secureContextOptions(await readTlsMaterial(tls))
  })
  const client = await faultsOf('/store/clientCertificate', async () => {
    if (clientCertificate === undefined || isAffected('/store/clientCertificate')) return
    const { certFile, keyFile } = clientCertificate
    createSecureContext({ cert: await readFile(certFile), key: await readFile(keyFile) })
  })
  return [...listener, ...client]
}

async function faultsOf(pointer: string, use: () => Promise<void>): Promise<RuleFault[]> {
  try {
    await use()
    return []
  } catch (error) {
    // The messages of Node and OpenSSL say what is wrong, but never quote contents.
    const why = error instanceof Error ? error.message : 'unknown'
    return faultAt(pointer, `a certificate and the key that belongs to it, in PEM (${why})`)
  }
}
