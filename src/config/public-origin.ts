import { originOf, type PublicOrigin } from '../contract/public-origin.ts'
import type { GatewaySettings } from './gateway-settings.ts'

/**
 * The origin that signatures cover. Without a public URL it is made of host and port: the configuration is checked to
 * have a public URL if a scheme needs it.
 */
export function publicOrigin({ publicUrl, host, port }: GatewaySettings['listen']): PublicOrigin {
  return originOf(new URL(publicUrl ?? `http://${host.includes(':') ? `[${host}]` : host}:${port}`))
}
