import { readFileSync } from 'node:fs'
import type { Logger } from 'pino'
import type { GatewaySettings } from '../config/gateway-settings.ts'
import type { Secret } from '../contract/secret.ts'
import type { JobBackend } from '../jobs/job-backend.ts'
import { openBrokerBackend } from '../jobs/rabbitmq/open-broker-backend.ts'
import type { BrokerChange } from '../jobs/rabbitmq/outage.ts'
import type { Keeping } from '../jobs/sqlite/forget-old.ts'
import { openJobNotes } from '../store/jobs/open-job-notes.ts'
import type { RedisLocation } from '../store/redis-client.ts'

/** Where jobs are that several processes share, and how long they are kept there. */
export interface SharedBackendSettings
  extends Keeping,
    Pick<NonNullable<GatewaySettings['jobs']>, 'rabbitmqCaFile' | 'confirmMs'> {
  readonly rabbitmq: Secret
  readonly redis: RedisLocation
}

/**
 * Opens RabbitMQ, which keeps the jobs, and Redis, which keeps notes about them. Both may be away for now.
 * @param onFault told of failures that are retried, and of defects in handlers
 * @throws when the file of certificate authorities cannot be read
 */
export async function openSharedBackend(
  { rabbitmq, rabbitmqCaFile, confirmMs, redis, keepMs, keepDeadMs }: SharedBackendSettings,
  log: Logger,
  onFault: (error: unknown) => void,
): Promise<JobBackend> {
  const ca = rabbitmqCaFile === undefined ? undefined : readFileSync(rabbitmqCaFile, 'utf8')
  const notes = await openJobNotes(redis, keepMs, log)
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
