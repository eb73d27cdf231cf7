import type { Logger } from 'pino'
import type { GatewaySettings } from '../config/gateway-settings.ts'
import type { JobBackend } from '../jobs/job-backend.ts'
import { openFileBackend } from '../jobs/sqlite/open-file-backend.ts'
import { redisLocation } from '../store/redis-location.ts'

/**
 * Opens what keeps the jobs: a file, or RabbitMQ with Redis, which may be away for now. For a file nothing of the
 * clients of these two is loaded.
 * @param onFault told of failures that are retried, and of defects in handlers
 * @throws when the file of jobs cannot be opened, or the file of certificate authorities cannot be read
 */
export async function openJobBackend(
  { jobs, store }: { jobs: NonNullable<GatewaySettings['jobs']>; store: GatewaySettings['store'] },
  log: Logger,
  onFault: (error: unknown) => void,
): Promise<JobBackend> {
  const keepMs = jobs.keepHours * 3_600_000
  const keepDeadMs = jobs.keepDeadHours * 3_600_000
  const { file, rabbitmq } = jobs
  if (file !== undefined) return openFileBackend({ file, keepMs, keepDeadMs }, onFault)
  const redis = redisLocation(store)
  if (rabbitmq === undefined || redis === undefined) {
    throw new TypeError('jobs have no place, although the checks of the configuration demand one')
  }
  const { openSharedBackend } = await import('./open-shared-backend.ts')
  return openSharedBackend({ ...jobs, rabbitmq, redis, keepMs, keepDeadMs }, log, onFault)
}
