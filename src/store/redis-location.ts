import { readFileSync } from 'node:fs'
import type { GatewaySettings } from '../config/gateway-settings.ts'
import type { RedisLocation, RedisTls } from './redis-client.ts'

/**
 * The location of Redis according to the settings; undefined if there is none.
 * @throws when a file of certificates, or of a key, cannot be read
 */
export function redisLocation({
  redis,
  sentinel,
  cluster,
  caFile,
  clientCertificate,
}: GatewaySettings['store']): RedisLocation | undefined {
  const tls: RedisTls = {
    ...(caFile !== undefined && { ca: readFileSync(caFile) }),
    ...(clientCertificate !== undefined && {
      cert: readFileSync(clientCertificate.certFile),
      key: readFileSync(clientCertificate.keyFile),
    }),
  }
  if (redis !== undefined) {
    return { url: redis, tls: Object.keys(tls).length > 0 ? tls : undefined }
  }
  if (sentinel !== undefined) {
    const { primary, nodes, username, password } = sentinel
    return {
      primary,
      sentinels: nodes,
      sentinelAccess: {
        username: sentinel.sentinelUsername,
        password: sentinel.sentinelPassword,
        tls: sentinel.sentinelTls ? tls : undefined,
      },
      access: { username, password, tls: sentinel.tls ? tls : undefined },
    }
  }
  if (cluster === undefined) return undefined
  const { nodes, username, password } = cluster
  return { nodes, access: { username, password, tls: cluster.tls ? tls : undefined } }
}
