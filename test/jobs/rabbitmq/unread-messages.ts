import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { connect } from 'amqplib'
import { queueNames } from '../../../src/jobs/rabbitmq/queue-names.ts'
import { openTestBrokerBackend } from '../../support/broker-backend.ts'
import type { TestRabbit } from '../../support/rabbitmq.ts'
import type { TestRedis } from '../../support/redis.ts'
import { deliveriesOf, entryOf } from '../deliveries.ts'

/** What becomes of messages that are not jobs of this version. */
export function testUnreadMessages(servers: () => { rabbit: TestRabbit; redis: TestRedis }): void {
  test('are not held up by messages that nobody understands, which are kept as dead letters', async () => {
    const { rabbit, redis } = servers()
    const queue = queueNames('jobs').queueOf(entryOf('job'))
    await using backend = await openTestBrokerBackend(rabbit.url, redis.url)
    const { jobs } = backend
    await using stack = new AsyncDisposableStack()
    const connection = await connect(rabbit.url)
    stack.defer(() => connection.close())
    const channel = await connection.createConfirmChannel()
    // More than a process holds of one queue.
    for (let number = 0; number < 300; number += 1) channel.sendToQueue(queue, Buffer.of(number))
    const headers = { entry: '{"owner":"acme","version":2}', bytes: Buffer.of(0, 255), number: 7 }
    channel.sendToQueue(queue, Buffer.from('later'), { messageId: 'id', headers })
    const odd = { time: { '!': 'timestamp', value: 2n ** 64n - 1n } }
    channel.sendToQueue(queue, Buffer.from('odd'), { headers: odd })
    // Redis takes neither of these numbers.
    const { owner, expiresAtMs } = entryOf('job')
    for (const unfit of [{ past: { attempts: 'two' } }, { expiresAtMs: expiresAtMs + 0.5 }]) {
      const entry = JSON.stringify({ owner, putAtMs: 0, expiresAtMs, ...unfit })
      const unread = { messageId: 'unfit', headers: { entry } }
      channel.sendToQueue(queue, Buffer.from('unfit'), unread)
    }
    await channel.waitForConfirms()
    await jobs.put(entryOf('job'))

    const { delivery, settle } = await deliveriesOf(jobs).next()
    assert.equal(delivery.id, 'job')
    settle({ state: 'done' })
    // Of each byte one, the message of a later version, one whose header cannot be written again, and two unfit ones.
    const letters = async () => jobs.listDead({ limit: 1_000 })
    while ((await letters()).length < 260) await delay(20)
    while ((await jobs.depth()).running > 0) await delay(20)
    assert.equal((await jobs.depth()).waiting, 0)
    await jobs.close(0)

    const later = (await letters()).find(({ payload }) => payload.includes('later'))
    assert.equal(later?.reason, `a message of ${queue} is not understood`)
    assert.equal(await jobs.putBack(later.id, Date.now() + 60_000), true)
    const message = await channel.get(queue, { noAck: true })
    assert.ok(message !== false)
    assert.equal(message.content.toString(), 'later')
    assert.equal(message.properties.messageId, 'id')
    // The broker counts deliveries.
    const { 'x-delivery-count': _, ...own } = message.properties.headers ?? {}
    assert.deepEqual(own, headers)
    const [first] = await letters()
    assert.equal(await jobs.discard(first?.id ?? ''), true)
    const others = await letters()
    assert.equal(others.length, 258)
    for (const { id } of others) assert.equal(await jobs.discard(id), true)
    assert.equal((await jobs.depth()).dead, 0)
  })
}
