import { Secret } from '../contract/secret.ts'
import { faultAt, type RuleFault } from './faults.ts'
import type { GatewaySettings } from './gateway-settings.ts'
import { checkSecretUrl, redisUrl } from './secret-url.ts'

/** Checks how the settings of where Redis is, and of how it is reached, fit together. */
export function checkStorePlace(store: GatewaySettings['store']): RuleFault[] {
  const { redis, sentinel, cluster, caFile, clientCertificate } = store
  const places = [redis, sentinel, cluster].filter((each) => each)
  // If the reference could not be resolved, a fault has been reported already.
  const isUnknown = redis !== undefined && !(redis instanceof Secret)
  const isTls =
    (redis instanceof Secret && URL.parse(redis.reveal())?.protocol === 'rediss:') ||
    [sentinel?.tls, sentinel?.sentinelTls, cluster?.tls].includes(true)
  const isUnused = !isUnknown && !isTls && 'a Redis that is reached by TLS: rediss:// or tls: true'
  return [
    ...checkSecretUrl(redis, '/store/redis', redisUrl),
    ...faultAt('/store', places.length > 1 && 'only one of redis, sentinel and cluster'),
    ...faultAt('/store/caFile', caFile !== undefined && isUnused),
    ...faultAt('/store/clientCertificate', clientCertificate !== undefined && isUnused),
  ]
}
