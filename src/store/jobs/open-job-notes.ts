import type { Logger } from 'pino'
import type { JobStore } from '../../jobs/job.ts'
import type { EntryRecords } from '../../jobs/rabbitmq/entry-records.ts'
import { askOrReject } from '../ask-redis.ts'
import { redisEntryRecords } from '../entries/redis-entry-records.ts'
import { guardClient } from '../guard-client.ts'
import { openRedisClient, type RedisLocation } from '../redis-client.ts'
import { redisJobStore } from './redis-job-store.ts'

/** What is noted of jobs beside the broker that keeps them. */
export interface JobNotes {
  /** Records of the entries of one queue. */
  readonly entriesOf: (queue: string) => EntryRecords
  readonly store: JobStore
  readonly isAway: () => boolean
  readonly close: () => void
}

/** Jobs have more time than requests, and bodies that take some. */
const deadlineMs = 1_000

/**
 * Opens notes in Redis, on a connection of their own, so that no limit waits behind the body of a job. Every
 * promise of theirs rejects with a code within a second where Redis is away.
 * @param keepMs how long a job that is over can be seen, milliseconds
 */
export async function openJobNotes(
  location: RedisLocation,
  keepMs: number,
  log: Logger,
): Promise<JobNotes> {
  const redis = openRedisClient(location, deadlineMs)
  const guard = await guardClient(redis, () => undefined, deadlineMs, log, 'jobs')
  const ask = askOrReject(guard)
  const clock = Date.now
  return {
    entriesOf: (queue) => redisEntryRecords(redis, ask, queue, clock),
    store: redisJobStore(redis, ask, keepMs, clock),
    isAway: guard.isAway,
    close: () => {
      guard.close()
      redis.disconnect()
    },
  }
}
