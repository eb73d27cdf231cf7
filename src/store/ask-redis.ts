import type { RedisGuard } from './redis-guard.ts'

/**
 * Asks Redis where there is nothing to fall back to: rejects with a code while it is away, and when it does
 * not answer in time.
 * @param slotKey what decides on the slot of Redis Cluster that is asked
 */
export type AskRedis = <Answer>(slotKey: string, command: () => Promise<Answer>) => Promise<Answer>

/** Makes {@link AskRedis} of a guard. */
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

/** An error that says that Redis cannot be used, and nothing of where it is. */
export function redisAway(code: string): Error {
  return Object.assign(new Error('Redis cannot be used'), { code })
}
