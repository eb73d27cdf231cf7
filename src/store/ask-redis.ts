import type { RedisGuard } from './redis-guard.ts'

/**
 * Asks Redis when there is nothing to fall back to. Rejects with an error code while Redis is away or if it does not
 * answer in time.
 * @param slotKey the key that determines the slot of a Redis Cluster
 */
export type AskRedis = <Answer>(slotKey: string, command: () => Promise<Answer>) => Promise<Answer>

/** Builds {@link AskRedis} from a guard. */
export function askOrReject(guard: RedisGuard): AskRedis {
  return async (slotKey, command) =>
    guard.ask({
      slotKey,
      ask: command,
      fallback: () => {
        throw redisAway('REDIS_AWAY')
      },
    })
}

/** An error that says that Redis cannot be used, without revealing its address. */
export function redisAway(code: string): Error {
  return Object.assign(new Error('Redis cannot be used'), { code })
}
