import { Redis } from 'ioredis'
import type { Secret } from '../contract/secret.ts'
import { leaveRefusedDatabase, outliveTlsErrors } from './redis-client.ts'
import { connectionEnded, noPrimary, redisErrorCode } from './redis-guard.ts'

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
  // Why there is no connection, which the error of a command that was given up for that does not say.
  let lostCode = connectionEnded
  redis.on('error', (error: Error) => {
    lostCode = redisErrorCode(error)
  })
  leaveRefusedDatabase(redis)
  outliveTlsErrors(redis)
  return {
    append: async (line) => {
      try {
        await redis.xadd(stream, '*', 'line', line)
      } catch (error) {
        const { name, message } = error as Error
        // That of ioredis has the command that failed: if it is the first one of a connection, the password, too.
        throw new Error(
          name === 'MaxRetriesPerRequestError' ? `no connection: ${lostCode}` : message,
        )
      }
    },
    close: () => redis.disconnect(),
  }
}
