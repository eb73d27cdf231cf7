import { readTlsMaterial, secureContextOptions } from '../server/tls.ts'
import { faultAt, type RuleFault } from './faults.ts'
import type { GatewaySettings } from './gateway-settings.ts'

/** Checks that certificate and key are complete and belong together. */
export async function checkTlsFiles({ listen: { tls } }: GatewaySettings): Promise<RuleFault[]> {
  if (tls === undefined) return []
  try {
    secureContextOptions(await readTlsMaterial(tls))
    return []
  } catch (error) {
    // The messages of Node and OpenSSL say what is wrong, but never quote contents.
    const why = error instanceof Error ? error.message : 'unknown'
    return faultAt('/listen/tls', `a certificate and the key that belongs to it, in PEM (${why})`)
  }
}
