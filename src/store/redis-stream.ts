import { Redis } from 'ioredis'
import type { Secret } from '../contract/secret.ts'
import { leaveRefusedDatabase } from './redis-database.ts'

/** A Redis stream that lines are appended to. */
export interface RedisStream {
  /** Rejects when Redis has not taken the line. */
  readonly append: (line: string) => Promise<void>
  readonly close: () => void
}

/** Opens a stream; each entry has one field, `line`. Connects when the first line comes. */
export function openRedisStream(url: Secret, stream: string): RedisStream {
  const redis = new Redis(url.reveal(), {
    lazyConnect: true,
    commandTimeout: 5_000,
    connectTimeout: 2_000,
    maxRetriesPerRequest: 0,
  })
  // Without a listener ioredis prints errors to the console; the append fails with them too.
  redis.on('error', () => undefined)
  leaveRefusedDatabase(redis)
  return {
    append: async (line) => {
      await redis.xadd(stream, '*', 'line', line)
    },
    close: () => redis.disconnect(),
  }
}
