import { Secret } from '../contract/secret.ts'
import type { Fault } from './faults.ts'
import type { GatewaySettings } from './gateway-settings.ts'

/** What must hold between the settings of where jobs are kept. */
export function checkJobPlace(
  { file, rabbitmq, rabbitmqCaFile }: NonNullable<GatewaySettings['jobs']>,
  store: GatewaySettings['store'],
): Pick<Fault, 'pointer' | 'expected'>[] {
  const faults: Pick<Fault, 'pointer' | 'expected'>[] = []
  if ((file === undefined) === (rabbitmq === undefined)) {
    faults.push({ pointer: '/jobs', expected: 'a place for the jobs: either file or rabbitmq' })
  }
  const isKnown = rabbitmq instanceof Secret
  const protocol = isKnown ? URL.parse(rabbitmq.reveal())?.protocol : undefined
  if (isKnown && protocol !== 'amqp:' && protocol !== 'amqps:') {
    const expected = 'a reference to an amqp:// or amqps:// URL'
    faults.push({ pointer: '/jobs/rabbitmq', expected })
  }
  if (rabbitmq !== undefined && (store.redis ?? store.sentinel ?? store.cluster) === undefined) {
    const expected = 'a Redis in /store, which has the states of the jobs'
    faults.push({ pointer: '/jobs/rabbitmq', expected })
  }
  if (rabbitmqCaFile !== undefined && (isKnown || !rabbitmq) && protocol !== 'amqps:') {
    faults.push({ pointer: '/jobs/rabbitmqCaFile', expected: 'an amqps:// URL in /jobs/rabbitmq' })
  }
  return faults
}
