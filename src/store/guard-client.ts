import type { Logger } from 'pino'
import type { StoreMetrics } from '../record/metrics/store-metrics.ts'
import type { RedisClient } from './redis-client.ts'
import { leaveRefusedDatabase } from './redis-database.ts'
import { codeOf, guardRedis, type RedisGuard } from './redis-guard.ts'

/**
 * Guards a client, and resolves after its first attempt to reach Redis; that it fails is no error.
 * @param onBack called when Redis is there again
 * @param deadlineMs most that an answer is waited for
 * @param shared what the processes share in it, for the log
 */
export async function guardClient(
  redis: RedisClient,
  onBack: () => void,
  deadlineMs: number,
  log: Logger,
  shared?: string,
  metrics?: Pick<StoreMetrics, 'lost' | 'fellBack'>,
): Promise<RedisGuard> {
  const actions = {
    probe: (slotKey: string) => redis.set(`magegate:probe:{${slotKey}}`, '', 'PX', 1_000),
    reconnect: () => redis.disconnect(true),
    onBack,
  }
  const guard = guardRedis(actions, deadlineMs, log, shared, metrics)
  // Without a listener ioredis prints errors to the console, address included.
  redis.on('error', (error: Error) => guard.lost(codeOf(error)))
  leaveRefusedDatabase(redis)
  redis.on('close', () => guard.lost('CLOSED'))
  await new Promise<void>((resolve) => {
    // Sentinels that are all away give an error and nothing else.
    for (const event of ['ready', 'error', 'close']) redis.once(event, () => resolve())
  })
  return guard
}
