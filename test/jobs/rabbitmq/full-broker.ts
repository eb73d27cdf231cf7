import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { pino } from 'pino'
import { openJobsPart } from '../../../src/lasting/jobs-part.ts'
import { openMetrics } from '../../../src/record/metrics.ts'
import { brokerSettings, openTestBrokerBackend } from '../../support/broker-backend.ts'
import type { TestRabbit } from '../../support/rabbitmq.ts'
import type { TestRedis } from '../../support/redis.ts'
import { deliveriesOf, entryOf } from '../deliveries.ts'
import { openBrokerLink } from './broker-link.ts'

/** What happens while memory or disk of a broker are full. */
export function testFullBroker(servers: () => { rabbit: TestRabbit; redis: TestRedis }): void {
  test('are carried out by a broker that is full, and refused', async () => {
    const { rabbit, redis } = servers()
    await using backend = await openTestBrokerBackend(rabbit.url, redis.url)
    // More than a process holds of one queue, so that further ones come only for acknowledgements.
    const ids = Array.from({ length: 40 }, (_, index) => `full-${index}`)
    for (const id of ids) await backend.jobs.put(entryOf(id))
    await limitFreeDisk(rabbit, '9000GB')
    try {
      await assert.rejects(backend.jobs.put(entryOf('refused')), { code: /^BROKER_/ })
      assert.equal(await backend.jobs.cancel('refused'), 'cancelled')
      assert.equal(backend.isAway?.(), true)
      assert.equal(await codeInLog(rabbit, redis), 'BROKER_FULL')
      const deliveries = deliveriesOf(backend.jobs)
      const done = new Set<string>()
      const atMs = Date.now() + 3_600_000
      const inAnHour = { state: 'retry', atMs, reason: 'busy', isUntouched: true } as const
      while (done.size < ids.length) {
        const { delivery, settle } = await deliveries.next()
        done.add(delivery.id)
        settle(delivery.id === 'full-0' ? inAnHour : { state: 'done' })
      }
      assert.deepEqual([...done].sort(), [...ids].sort())
      // The broker does not take it until then, so it is held here, and is let go of when it is cancelled.
      while ((await backend.jobs.cancel('full-0')) === 'begun') await delay(20)
    } finally {
      await limitFreeDisk(rabbit, '10MB')
    }
    while (backend.isAway?.()) await delay(20)
    // Also those that were taken back.
    const left = async () => {
      const { waiting, running } = await backend.jobs.depth()
      return waiting + running
    }
    while ((await left()) > 0) await delay(20)
  })

  test('are accepted over a new connection to a broker that was full when the one before was lost', async () => {
    const { rabbit, redis } = servers()
    await using link = await openBrokerLink(rabbit.url)
    await using backend = await openTestBrokerBackend(link.url, redis.url)
    await limitFreeDisk(rabbit, '9000GB')
    try {
      await assert.rejects(backend.jobs.put(entryOf('refused')), { code: /^BROKER_/ })
      while (!backend.isAway?.()) await delay(20)
      link.mute()
    } finally {
      await limitFreeDisk(rabbit, '10MB')
    }
    link.cut()
    link.unmute()
    while (backend.isAway?.()) await delay(20)
    await backend.jobs.put(entryOf('accepted'))
    for (const id of ['refused', 'accepted']) await backend.jobs.cancel(id)
    const deliveries = deliveriesOf(backend.jobs)
    while ((await backend.jobs.depth()).waiting > 0) await delay(20)
    assert.equal(deliveries.count(), 0)
  })
}

/** Has a broker say that its disk is full when less than this is free. */
function limitFreeDisk({ evaluate }: TestRabbit, limit: string): Promise<void> {
  return evaluate(`rabbit_disk_monitor:set_disk_free_limit("${limit}")`)
}

/** The code that the log of a gateway has once it has tried to put a job. */
async function codeInLog(rabbit: TestRabbit, redis: TestRedis): Promise<unknown> {
  const logged = Promise.withResolvers<unknown>()
  const write = (line: string) => logged.resolve(JSON.parse(line).err?.code)
  const jobs = await openJobsPart(brokerSettings(rabbit.url, redis.url, 500), {
    log: pino({ base: null }, { write }),
    metrics: openMetrics(),
    recorder: { recordEnd: async () => undefined },
    tracing: undefined,
  })
  const refused = entryOf('refused-by-another')
  await assert.rejects(async () => jobs?.backend.jobs.put(refused), { code: 'BROKER_TIMEOUT' })
  await jobs?.backend.jobs.cancel(refused.id)
  const code = await logged.promise
  await jobs?.stop(0)
  await jobs?.close()
  return code
}
