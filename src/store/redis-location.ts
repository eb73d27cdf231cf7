import type { GatewaySettings } from '../config/gateway-settings.ts'
import type { RedisLocation } from './redis-client.ts'

/** The location of Redis according to the settings; undefined if there is none. */
export function redisLocation({
  redis,
  sentinel,
  cluster,
}: GatewaySettings['store']): RedisLocation | undefined {
  if (redis !== undefined) return { url: redis }
  if (sentinel !== undefined) {
    const { primary, nodes, ...access } = sentinel
    return { primary, sentinels: nodes, access }
  }
  if (cluster === undefined) return undefined
  const { nodes, ...access } = cluster
  return { nodes, access }
}
