import type { PublicOrigin } from '../policy.ts'
import type { GatewaySettings } from './gateway-settings.ts'

/**
 * The origin that signatures cover. Without a public URL it is made of host and port: the configuration is checked to
 * have a public URL if a scheme needs it.
 */
export function publicOrigin({ publicUrl, host, port }: GatewaySettings['listen']): PublicOrigin {
  const url = new URL(publicUrl ?? `http://${host.includes(':') ? `[${host}]` : host}:${port}`)
  return { scheme: url.protocol === 'https:' ? 'https' : 'http', authority: url.host }
}
