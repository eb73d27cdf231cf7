import { readFileSync } from 'node:fs'
import type { Logger } from 'pino'
import type { GatewaySettings } from '../config/gateway-settings.ts'
import type { JobBackend } from '../jobs/job-backend.ts'
import { openBrokerBackend } from '../jobs/rabbitmq/open-broker-backend.ts'
import type { BrokerChange } from '../jobs/rabbitmq/outage.ts'
import { openFileBackend } from '../jobs/sqlite/open-file-backend.ts'
import { openJobNotes } from '../store/jobs/open-job-notes.ts'
import { redisLocation } from '../store/redis-location.ts'

/**
 * Opens what keeps the jobs: a file, or RabbitMQ with Redis, which may be away for now.
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
  if (jobs.file !== undefined) {
    return openFileBackend({ file: jobs.file, keepMs, keepDeadMs }, onFault)
  }
  const location = redisLocation(store)
  if (jobs.rabbitmq === undefined || location === undefined) {
    throw new TypeError('jobs have no place, although the checks of the configuration demand one')
  }
  const { rabbitmq, rabbitmqCaFile, confirmMs } = jobs
  const ca = rabbitmqCaFile === undefined ? undefined : readFileSync(rabbitmqCaFile, 'utf8')
  const notes = await openJobNotes(location, keepMs, log)
  const backend = await openBrokerBackend(
    {
      url: rabbitmq.reveal(),
      ca,
      deadlineMs: confirmMs,
      keepDeadMs,
      entriesOf: notes.entriesOf,
      store: notes.store,
      isStoreAway: notes.isAway,
      onBrokerChange: (change, errorCode) => {
        if (change === 'back') log.info(brokerLines.back)
        else log.error({ errorCode }, brokerLines[change])
      },
    },
    onFault,
  )
  return {
    ...backend,
    close: async () => {
      await backend.close()
      notes.close()
    },
  }
}

const brokerLines = {
  away: 'rabbitmq is away: jobs are neither accepted nor sent',
  'still away': 'rabbitmq cannot be connected to again',
  back: 'rabbitmq is back: jobs are accepted and sent again',
} as const satisfies Record<BrokerChange, string>
