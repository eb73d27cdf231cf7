import { BackendError } from '../jobs/job-backend.ts'
import type { RedisGuard } from './redis-guard.ts'

/**
 * Asks Redis when there is nothing to fall back to. Rejects with a {@link BackendError} while Redis is away or if it
 * does not answer in time.
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

/** The error for a code that says why Redis cannot be used. */
export function redisAway(code: string): BackendError {
  return new BackendError(code, 'Redis cannot be used')
}
