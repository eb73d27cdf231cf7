import { Secret } from '../contract/secret.ts'
import type { RuleFault } from './faults.ts'
import type { GatewaySettings } from './gateway-settings.ts'
import { amqpUrl, checkSecretUrl } from './secret-url.ts'

/** Checks how the settings of where jobs are kept fit together. */
export function checkJobPlace(
  { file, rabbitmq, rabbitmqCaFile }: NonNullable<GatewaySettings['jobs']>,
  store: GatewaySettings['store'],
): RuleFault[] {
  const faults: RuleFault[] = []
  if ((file === undefined) === (rabbitmq === undefined)) {
    faults.push({ pointer: '/jobs', expected: 'a place for the jobs: either file or rabbitmq' })
  }
  const isKnown = rabbitmq instanceof Secret
  const protocol = isKnown ? URL.parse(rabbitmq.reveal())?.protocol : undefined
  faults.push(...checkSecretUrl(rabbitmq, '/jobs/rabbitmq', amqpUrl))
  if (rabbitmq !== undefined && (store.redis ?? store.sentinel ?? store.cluster) === undefined) {
    const expected = 'a Redis in /store, which has the states of the jobs'
    faults.push({ pointer: '/jobs/rabbitmq', expected })
  }
  if (rabbitmqCaFile !== undefined && (isKnown || !rabbitmq) && protocol !== 'amqps:') {
    faults.push({ pointer: '/jobs/rabbitmqCaFile', expected: 'an amqps:// URL in /jobs/rabbitmq' })
  }
  return faults
}
