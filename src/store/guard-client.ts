import type { RedisClient } from './redis-client.ts'
import {
  connectionEnded,
  type GuardSettings,
  guardRedis,
  type RedisGuard,
  redisErrorCode,
} from './redis-guard.ts'

/** Guards a client. Resolves after its first attempt to reach Redis, or all nodes of a cluster, even if that fails. */
export async function guardClient(
  redis: RedisClient,
  settings: GuardSettings,
): Promise<RedisGuard> {
  const actions = {
    probe: (slotKey: string) => {
      // Of a key with a hash tag, the tag alone determines the slot.
      const [, tag = slotKey] = /^[^{]*\{([^}]+)\}/.exec(slotKey) ?? []
      return redis.set(`magegate:probe:{${tag}}`, '', 'PX', 1_000)
    },
    reconnect: () => {
      // A cluster looks for its primaries anyway. And if an answer that comes after this names another node, ioredis stays
      // without a connection for ever.
      if (!redis.isCluster) redis.disconnect(true)
    },
  }
  const guard = guardRedis(actions, settings)
  // Without a listener ioredis prints errors to the console, address included.
  redis.on('error', (error: Error) => guard.lost(redisErrorCode(error)))
  redis.on('close', () => guard.lost(connectionEnded))
  await new Promise<void>((resolve) => {
    // If all sentinels are away, ioredis emits only an error.
    for (const event of ['ready', 'error', 'close']) redis.once(event, () => resolve())
  })
  // ioredis connects to a node of a cluster only when it is asked something. The first question would be asked while the
  // gateway starts and has much to do: by its deadline there would be no connection yet, and Redis would count as away.
  const nodes = 'nodes' in redis ? redis.nodes('master') : []
  const unconnected = nodes.filter(({ status }) => status === 'wait')
  await Promise.allSettled(unconnected.map((node) => node.connect()))
  return guard
}
