import { readTlsMaterial, secureContextOptions } from '../server/tls.ts'
import type { Fault } from './faults.ts'
import type { GatewaySettings } from './gateway-settings.ts'

/** Checks that certificate and key are complete and belong together. */
export async function checkTlsFiles(
  file: string,
  { listen: { tls } }: GatewaySettings,
): Promise<Fault[]> {
  if (tls === undefined) return []
  try {
    secureContextOptions(await readTlsMaterial(tls))
    return []
  } catch (error) {
    // The messages of Node and OpenSSL say what is wrong, but never quote contents.
    const why = error instanceof Error ? error.message : 'unknown'
    const expected = `a certificate and the key that belongs to it, in PEM (${why})`
    return [{ file, pointer: '/listen/tls', line: undefined, expected }]
  }
}
