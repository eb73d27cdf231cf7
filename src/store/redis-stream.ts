import { Redis } from 'ioredis'
import type { Secret } from '../contract/secret.ts'
import { leaveRefusedDatabase, outliveTlsErrors } from './redis-client.ts'
import { noPrimary, redisErrorCode } from './redis-guard.ts'

/** A Redis stream to which lines are appended. */
export interface RedisStream {
  /** Rejects if Redis did not take the line. */
  readonly append: (line: string) => Promise<void>
  readonly close: () => void
}

/** Opens a stream whose entries have one field, `line`. Connects when the first line is appended. */
export function openRedisStream(url: Secret, stream: string): RedisStream {
  const redis = new Redis(url.reveal(), {
    lazyConnect: true,
    commandTimeout: 5_000,
    connectTimeout: 2_000,
    maxRetriesPerRequest: 0,
    // After a failover the name may belong to another server, while this one keeps its connections.
    reconnectOnError: (error) => noPrimary.has(redisErrorCode(error)),
  })
  // Without a listener ioredis prints errors to the console. They also make `append` reject, so nothing is lost here.
  redis.on('error', () => undefined)
  leaveRefusedDatabase(redis)
  outliveTlsErrors(redis)
  return {
    append: async (line) => {
      try {
        await redis.xadd(stream, '*', 'line', line)
      } catch (error) {
        // That of ioredis has the command that failed: if it is the first one of a connection, the password, too.
        throw new Error((error as Error).message)
      }
    },
    close: () => redis.disconnect(),
  }
}
