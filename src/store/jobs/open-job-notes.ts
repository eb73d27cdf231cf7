import type { Logger } from 'pino'
import type { JobStore } from '../../jobs/job.ts'
import type { EntryRecords } from '../../jobs/rabbitmq/entry-records.ts'
import { askOrReject } from '../ask-redis.ts'
import { redisEntryRecords } from '../entries/redis-entry-records.ts'
import { guardClient } from '../guard-client.ts'
import { openRedisClient, type RedisLocation } from '../redis-client.ts'
import { redisJobStore } from './redis-job-store.ts'

/** What Redis holds about jobs that are themselves kept in RabbitMQ. */
export interface JobNotes {
  /** The records of one queue's entries. */
  readonly entriesOf: (queue: string) => EntryRecords
  readonly store: JobStore
  readonly isAway: () => boolean
  readonly close: () => void
}

/** Longer than for requests, since jobs can wait and their bodies take time. */
const deadlineMs = 1_000

/**
 * Opens the notes on a connection of their own, so that no decision on a limit has to wait behind the body of a job.
 * While Redis is away every promise rejects within a second, with a `BackendError`.
 * @param keepMs how long a job can be seen after it has ended, in milliseconds
 */
export async function openJobNotes(
  location: RedisLocation,
  keepMs: number,
  log: Logger,
): Promise<JobNotes> {
  const redis = openRedisClient(location, deadlineMs)
  const guard = await guardClient(redis, { deadlineMs, log, shared: 'jobs' })
  const ask = askOrReject(guard)
  const clock = Date.now
  const onUnread = (jobId: string) =>
    log.error({ jobId }, 'what Redis holds of a job is not understood')
  return {
    entriesOf: (queue) => redisEntryRecords(redis, ask, queue, clock),
    store: redisJobStore(redis, ask, keepMs, clock, onUnread),
    isAway: guard.isAway,
    close: () => {
      guard.close()
      redis.disconnect()
    },
  }
}
