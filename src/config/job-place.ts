import { Secret } from '../contract/secret.ts'
import { faultAt, type RuleFault } from './faults.ts'
import type { GatewaySettings } from './gateway-settings.ts'
import { amqpUrl, checkSecretUrl } from './secret-url.ts'

/** Checks how the settings of where jobs are kept fit together. */
export function checkJobPlace(
  { file, rabbitmq, rabbitmqCaFile }: NonNullable<GatewaySettings['jobs']>,
  store: GatewaySettings['store'],
): RuleFault[] {
  const isOnePlace = (file === undefined) !== (rabbitmq === undefined)
  const hasRedis = (store.redis ?? store.sentinel ?? store.cluster) !== undefined
  // If the reference could not be resolved, a fault has been reported already.
  const isUnknown = rabbitmq !== undefined && !(rabbitmq instanceof Secret)
  const isTls = rabbitmq instanceof Secret && URL.parse(rabbitmq.reveal())?.protocol === 'amqps:'
  return [
    ...faultAt('/jobs', !isOnePlace && 'a place for the jobs: either file or rabbitmq'),
    ...checkSecretUrl(rabbitmq, '/jobs/rabbitmq', amqpUrl),
    ...faultAt(
      '/store',
      rabbitmq !== undefined && !hasRedis && 'a Redis, which has the states of jobs in RabbitMQ',
    ),
    ...faultAt(
      '/jobs/rabbitmqCaFile',
      rabbitmqCaFile !== undefined && !isUnknown && !isTls && 'an amqps:// URL in /jobs/rabbitmq',
    ),
  ]
}
