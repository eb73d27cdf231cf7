import type { PublicOrigin } from '../policy.ts'
import type { GatewaySettings } from './gateway-settings.ts'

/**
 * The origin that signatures cover. Only schemes that sign it need a public URL, and the configuration
 * is checked for that.
 */
export function publicOrigin({ publicUrl, host, port }: GatewaySettings['listen']): PublicOrigin {
  const url = new URL(publicUrl ?? `http://${host.includes(':') ? `[${host}]` : host}:${port}`)
  return { scheme: url.protocol === 'https:' ? 'https' : 'http', authority: url.host }
}
