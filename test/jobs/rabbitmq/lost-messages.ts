import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { connect } from 'amqplib'
import { queueNames } from '../../../src/jobs/rabbitmq/queue-names.ts'
import { openTestBrokerBackend } from '../../support/broker-backend.ts'
import type { TestRabbit } from '../../support/rabbitmq.ts'
import { type TestRedis, withClient } from '../../support/redis.ts'
import { deliveriesOf, entryOf } from '../deliveries.ts'
import { openBrokerLink } from './broker-link.ts'

/** What becomes of the messages of a process that loses its connection, or what it consumes. */
export function testLostMessages(servers: () => { rabbit: TestRabbit; redis: TestRedis }): void {
  test('are begun by others only, once a process that had not begun them has lost its connection', async () => {
    const { rabbit, redis } = servers()
    await using link = await openBrokerLink(rabbit.url)
    await using other = await openTestBrokerBackend(rabbit.url, redis.url)
    await using one = await openTestBrokerBackend(link.url, redis.url)
    for (const id of ['begun', 'held']) await other.jobs.put(entryOf(id))
    const here = deliveriesOf(one.jobs)
    const begun = await here.next()
    assert.equal(begun.delivery.id, 'begun')
    link.mute()
    link.cut()
    while (!one.isAway?.()) await delay(20)
    begun.settle({ state: 'done' })
    const { delivery, settle } = await deliveriesOf(other.jobs).next()
    assert.equal(delivery.id, 'held')
    assert.equal(here.count(), 0)
    settle({ state: 'done' })
    link.unmute()
    while ((await other.jobs.depth()).running > 0) await delay(20)
  })

  test('are in the broker until they are over, also where they were delivered again meanwhile', async () => {
    const { rabbit, redis } = servers()
    await using link = await openBrokerLink(rabbit.url)
    await using other = await openTestBrokerBackend(rabbit.url, redis.url)
    await using one = await openTestBrokerBackend(link.url, redis.url)
    await one.jobs.put(entryOf('long'))
    const here = deliveriesOf(one.jobs, 2)
    const long = await here.next()
    link.cut()
    while (!one.isAway?.()) await delay(20)
    while (one.isAway?.()) await delay(20)
    // Behind it in its queue, so that it has come again when this one comes.
    await one.jobs.put(entryOf('behind'))
    const behind = await here.next()
    behind.settle({ state: 'done' })
    await one.jobs.close(0)
    const { delivery, settle } = await deliveriesOf(other.jobs).next()
    assert.deepEqual([delivery.id, delivery.isInterrupted], ['long', true])
    settle({ state: 'done' })
    long.settle({ state: 'done' })
    while ((await other.jobs.depth()).running > 0) await delay(20)
  })

  test('are begun although Redis has not said in time that they were, and another process has their messages', async () => {
    const { rabbit, redis } = servers()
    await using link = await openBrokerLink(rabbit.url)
    await using other = await openTestBrokerBackend(rabbit.url, redis.url)
    await using one = await openTestBrokerBackend(link.url, redis.url)
    await one.jobs.put(entryOf('unanswered'))
    const here = deliveriesOf(one.jobs)
    const first = await here.next()
    // Due while Redis is asked, and does not answer.
    const retry = { state: 'retry', reason: 'busy', isUntouched: true } as const
    first.settle({ ...retry, atMs: Date.now() + 300 })
    const record = 'magegate:queue:{jobs}:entry:unanswered'
    const state = () => withClient(redis.url, (client) => client.hget(record, 'state'))
    while ((await state()) !== 'waiting');
    redis.freeze()
    while (one.faults.length === 0) await delay(20)
    link.mute()
    link.cut()
    while (one.brokerChanges.length === 0) await delay(20)
    const there = deliveriesOf(other.jobs)
    redis.thaw()
    const { delivery, settle } = await Promise.race([here.next(), there.next()])
    assert.equal(delivery.id, 'unanswered')
    settle({ state: 'done' })
    link.unmute()
    while ((await other.jobs.depth().catch(() => undefined))?.running !== 0) await delay(20)
  })

  test('go to others, where a process is closed before it has begun to consume', async () => {
    const { rabbit, redis } = servers()
    await using other = await openTestBrokerBackend(rabbit.url, redis.url)
    await using one = await openTestBrokerBackend(rabbit.url, redis.url)
    const here = deliveriesOf(one.jobs)
    await one.jobs.close(0)
    const there = deliveriesOf(other.jobs, 3)
    // The broker gives them to those who consume the queue in turn.
    for (const id of ['1', '2', '3']) await other.jobs.put(entryOf(id))
    for (let count = 0; count < 3; count += 1) (await there.next()).settle({ state: 'done' })
    assert.equal(here.count(), 0)
    while ((await other.jobs.depth()).running > 0) await delay(20)
  })

  test('are delivered also after somebody has deleted the queue that they come from', async () => {
    const { rabbit, redis } = servers()
    await using backend = await openTestBrokerBackend(rabbit.url, redis.url)
    const { jobs } = backend
    // The queue that is consumed last, so that all are when something comes from it.
    const { sources, queueOf } = queueNames('jobs')
    const { queue } = sources.at(-1) ?? assert.fail()
    const owners = Array.from({ length: 99 }, (_, index) => `erp-${index}`)
    const owner = owners.find((name) => queueOf({ owner: name }) === queue) ?? assert.fail()
    await jobs.put(entryOf('before', { owner }))
    const deliveries = deliveriesOf(jobs)
    const before = await deliveries.next()
    before.settle({ state: 'done' })
    await using stack = new AsyncDisposableStack()
    const connection = await connect(rabbit.url)
    stack.defer(() => connection.close())
    const channel = await connection.createChannel()
    await channel.deleteQueue(queue)
    const isPut = () =>
      jobs.put(entryOf('after', { owner })).then(
        () => true,
        () => false,
      )
    while (!(await isPut())) await delay(20)
    const { delivery, settle } = await deliveries.next()
    assert.equal(delivery.id, 'after')
    settle({ state: 'done' })
    while ((await jobs.depth()).running > 0) await delay(20)
  })
}
