import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { inspect } from 'node:util'
import { connect } from 'amqplib'
import type { Delivery, Settlement } from '../../../src/jobs/durable-queue.ts'
import { queueNames } from '../../../src/jobs/rabbitmq/queue-names.ts'
import { boundToThisProcess } from '../../support/bound-process.ts'
import { openTestBrokerBackend, type TestBackend } from '../../support/broker-backend.ts'
import { startRabbit, type TestRabbit } from '../../support/rabbitmq.ts'
import { startRedis, type TestRedis, withClient } from '../../support/redis.ts'
import { temporaryFolder } from '../../support/shared.ts'
import { deliveriesOf, entryOf } from '../deliveries.ts'
import { testConnections } from './connection-failures.ts'
import { testFullBroker } from './full-broker.ts'
import { testKilled } from './killed.ts'
import { testLostMessages } from './lost-messages.ts'
import { testUnreadMessages } from './unread-messages.ts'

const done: Settlement = { state: 'done' }

describe('jobs in RabbitMQ', () => {
  let rabbit: TestRabbit
  let redis: TestRedis
  before(async () => {
    rabbit = await startRabbit()
    redis = await startRedis()
  })
  after(async () => {
    await redis[Symbol.asyncDispose]()
    await rabbit[Symbol.asyncDispose]()
  })

  async function withBackends(
    count: number,
    run: (backends: readonly TestBackend[]) => Promise<void>,
  ) {
    await using backends = new AsyncDisposableStack()
    const opened: TestBackend[] = []
    for (let index = 0; index < count; index += 1) {
      opened.push(backends.use(await openTestBrokerBackend(rabbit.url, redis.url)))
    }
    await run(opened)
    const { waiting, running, dead } = await (opened[0] as TestBackend).jobs.depth()
    assert.deepEqual({ waiting, running, dead }, { waiting: 0, running: 0, dead: 0 })
  }

  const withBackend = (run: (backend: TestBackend) => Promise<void>) =>
    withBackends(1, ([backend]) => run(backend as TestBackend))

  testConnections(() => ({ rabbit, redis }))
  testLostMessages(() => ({ rabbit, redis }))
  testUnreadMessages(() => ({ rabbit, redis }))
  testFullBroker(() => ({ rabbit, redis }))
  testKilled(() => ({ rabbit, redis }))

  test('are refused while no broker is there; those before that are delivered when it is back, and not begun twice', () =>
    withBackend(async (backend) => {
      const { jobs, callbacks } = backend
      await jobs.put(entryOf('long', { orderKey: '["l"]' }))
      await jobs.put(entryOf('behind', { orderKey: '["l"]' }))
      const begun = deliveriesOf(jobs, 2)
      const long = await begun.next()
      // In a queue that nobody consumes yet.
      await callbacks.put(entryOf('kept'))
      await callbacks.put(entryOf('kept-in-order', { orderKey: '["k"]' }))
      await rabbit.kill()
      await assert.rejects(callbacks.put(entryOf('refused')), { code: /^BROKER_/ })
      assert.equal(await callbacks.cancel('refused'), 'cancelled')
      assert.equal(backend.isAway?.(), true)
      await rabbit.restart()
      while (backend.isAway?.()) await delay(20)
      assert.equal(backend.brokerChanges.at(-1), undefined)
      // Put after the one that is under way, and delivered, so that what was redelivered has come too.
      await jobs.put(entryOf('other'))
      const other = await begun.next()
      assert.equal(other.delivery.id, 'other')
      other.settle(done)
      long.settle(done)
      const behind = await begun.next()
      assert.equal(behind.delivery.id, 'behind')
      assert.equal(behind.delivery.isInterrupted, false)
      behind.settle(done)
      await untilEmpty(backend)
      const kept = deliveriesOf(callbacks, 3)
      const two = [await kept.next(), await kept.next()]
      assert.deepEqual(two.map(({ delivery }) => delivery.id).sort(), ['kept', 'kept-in-order'])
      for (const { delivery, settle } of two) {
        assert.equal(delivery.isInterrupted, false)
        settle(done)
      }
      await untilEmpty({ jobs: callbacks })
    }))

  test('are refused within the deadline by a broker that hangs, and not carried out once taken back', () =>
    withBackend(async (backend) => {
      rabbit.freeze()
      await assert.rejects(backend.jobs.put(entryOf('unconfirmed')), { code: 'BROKER_TIMEOUT' })
      assert.equal(await backend.jobs.cancel('unconfirmed'), 'cancelled')
      rabbit.thaw()
      await backend.jobs.put(entryOf('behind'))
      const { delivery, settle } = await deliveriesOf(backend.jobs).next()
      assert.equal(delivery.id, 'behind')
      settle(done)
      await untilEmpty(backend)
    }))

  test('are let go of where the broker hangs', { timeout: 60_000 }, async () => {
    const backend = await openTestBrokerBackend(rabbit.url, redis.url)
    await backend.jobs.put(entryOf('before'))
    const { settle } = await deliveriesOf(backend.jobs).next()
    settle(done)
    await untilEmpty(backend)
    rabbit.freeze()
    await backend[Symbol.asyncDispose]()
    rabbit.thaw()
  })

  test('of a process that was killed are taken by another one, which is told what was interrupted', () =>
    withBackend(async (backend) => {
      const folder = await temporaryFolder()
      const file = join(folder, 'work')
      await backend.jobs.put(entryOf('hangs', { orderKey: '["h"]' }))
      await backend.jobs.put(entryOf('held', { orderKey: '["h"]' }))
      const program = join(import.meta.dirname, 'job-process.ts')
      const worker = spawn(
        ...boundToThisProcess(process.execPath, [program, 'work', rabbit.url, redis.url, file]),
      )
      const written = async () =>
        (await readFile(file, 'utf8').catch(() => '')).includes('hangs begun')
      while (!(await written())) await delay(20)
      worker.kill('SIGKILL')
      const deliveries = deliveriesOf(backend.jobs, 2)
      const first = await deliveries.next()
      assert.equal(first.delivery.id, 'hangs')
      assert.equal(first.delivery.isInterrupted, true)
      assert.equal(first.delivery.attempts, 2)
      first.settle(done)
      const second = await deliveries.next()
      assert.equal(second.delivery.id, 'held')
      assert.equal(second.delivery.isInterrupted, false)
      assert.equal(second.delivery.attempts, 1)
      second.settle(done)
      await untilEmpty(backend)
    }))

  test('wait while Redis is away, and go on when it is back, though it has forgotten them', () =>
    withBackend(async (backend) => {
      await backend.jobs.put(entryOf('waits'))
      await redis.kill()
      await assert.rejects(backend.jobs.put(entryOf('refused')), { code: 'REDIS_AWAY' })
      const deliveries = deliveriesOf(backend.jobs)
      while (backend.faults.length === 0) await delay(20)
      assert.equal(deliveries.count(), 0)
      await redis.restart()
      const { delivery, settle } = await deliveries.next()
      assert.equal(delivery.id, 'waits')
      assert.equal(delivery.isInterrupted, false)
      assert.equal(delivery.attempts, 1)
      settle(done)
      while (backend.isAway?.()) await delay(20)
      await untilEmpty(backend)
    }))

  test('that are dead cannot be changed while Redis is away, and it is Redis that is named', () =>
    withBackend(async (backend) => {
      const { jobs } = backend
      await jobs.put(entryOf('dies'))
      const { settle } = await deliveriesOf(jobs).next()
      settle({ state: 'dead', reason: 'test' })
      while ((await jobs.depth()).dead === 0) await delay(20)
      await redis.kill()
      await assert.rejects(jobs.discard('dies'), {
        code: 'REDIS_AWAY',
        message: 'Redis cannot be used',
      })
      await redis.restart()
      while (backend.isAway?.()) await delay(20)
      assert.equal(await jobs.discard('dies'), true)
    }))

  test('go on when Redis is back, though the clock was set back while it was away', async (t) => {
    t.mock.timers.enable({ apis: ['Date'], now: Date.now() })
    await withBackend(async (backend) => {
      await backend.jobs.put(entryOf('waits'))
      await redis.kill()
      while (!backend.isAway?.()) await delay(20)
      const deliveries = deliveriesOf(backend.jobs)
      // A process that can say nothing of itself is told of that less often than that it cannot begin a job.
      while (backend.faults.length < 6) await delay(20)
      t.mock.timers.setTime(Date.now() - 3_600_000)
      await redis.restart()
      const { settle } = await deliveries.next()
      settle(done)
      while (backend.isAway?.()) await delay(20)
      await untilEmpty(backend)
    })
  })

  test('are delivered at once, though the clock of the gateway that took them is ahead', async (t) => {
    t.mock.timers.enable({ apis: ['Date'], now: Date.now() + 3_600_000 })
    await withBackend(async (backend) => {
      await backend.jobs.put(entryOf('free'))
      await backend.jobs.put(entryOf('in-order', { orderKey: '["k"]' }))
      t.mock.timers.setTime(Date.now() - 3_600_000)
      const deliveries = deliveriesOf(backend.jobs)
      for (let count = 0; count < 2; count += 1) (await deliveries.next()).settle(done)
      await untilEmpty(backend)
    })
  })

  test('that end while Redis is away are not counted any more when it is back', () =>
    withBackend(async (backend) => {
      const { length: changes } = backend.brokerChanges
      await backend.jobs.put(entryOf('ends'))
      const { settle } = await deliveriesOf(backend.jobs).next()
      redis.freeze()
      while (!backend.isAway?.()) await delay(20)
      const before = backend.faults.length
      settle(done)
      while (backend.faults.length === before) await delay(20)
      redis.thaw()
      while (backend.isAway?.()) await delay(20)
      await untilEmpty(backend)
      // The broker would close the channel of whoever acknowledges a message twice.
      assert.equal(backend.brokerChanges.length, changes)
    }))

  test('that ended while Redis was away are not delivered again, though the process ends before it is back', async () => {
    const orderKey = '["ended"]'
    {
      await using backend = await openTestBrokerBackend(rabbit.url, redis.url)
      await backend.callbacks.put(entryOf('ended', { orderKey }))
      const { settle } = await deliveriesOf(backend.callbacks).next()
      redis.freeze()
      while (!backend.isAway?.()) await delay(20)
      settle(done)
    }
    redis.thaw()
    await using backend = await openTestBrokerBackend(rabbit.url, redis.url)
    await backend.callbacks.put(entryOf('behind', { orderKey }))
    const { delivery, settle } = await deliveriesOf(backend.callbacks).next()
    assert.equal(delivery.id, 'behind')
    settle(done)
  })

  test('are not begun anew where a failover of Redis has lost that they had begun', () =>
    withBackend(async (backend) => {
      const { jobs } = backend
      const key = 'magegate:queue:{jobs}:entry:once'
      await jobs.put(entryOf('once'))
      const before = await withClient(redis.url, (client) => client.dumpBuffer(key))
      const failOver = () =>
        withClient(redis.url, (client) => client.restore(key, 0, before ?? '', 'REPLACE'))
      const deliveries = deliveriesOf(jobs)
      const first = await deliveries.next()
      await failOver()
      const payload = Buffer.from('half of it is done')
      const settlement = { state: 'retry', reason: 'busy', isUntouched: false, payload } as const
      first.settle({ ...settlement, atMs: Date.now() })
      const second = await deliveries.next()
      assert.equal(second.delivery.attempts, 2)
      assert.deepEqual(second.delivery.payload, payload)
      await failOver()
      second.settle({ state: 'dead', reason: 'unknown' })
      while (!(await jobs.discard('once'))) await delay(20)
      assert.equal(deliveries.count(), 0)
    }))

  test('that wait for long take no place from others, and come back as they were, whatever Redis forgets', () =>
    withBackend(async (backend) => {
      const ids = Array.from({ length: 40 }, (_, index) => `waits-${index}`)
      for (const id of ids) await backend.jobs.put(entryOf(id))
      const deliveries = deliveriesOf(backend.jobs, 40)
      const atMs = Date.now() + 12_000
      for (let count = 0; count < ids.length; count += 1) {
        const { settle } = await deliveries.next()
        const payload = Buffer.from('changed')
        settle({ state: 'retry', atMs, reason: 'busy', isUntouched: false, payload })
      }
      await backend.jobs.put(entryOf('other'))
      const other = await deliveries.next()
      assert.equal(other.delivery.id, 'other')
      other.settle(done)
      await redis.kill()
      await redis.restart()
      const back = new Set<string>()
      while (back.size < 40) {
        const { delivery, settle } = await deliveries.next()
        assert.ok(Date.now() >= atMs)
        assert.equal(delivery.attempts, 2)
        assert.equal(delivery.isInterrupted, false)
        assert.equal(delivery.payload.toString(), 'changed')
        back.add(delivery.id)
        settle(done)
      }
      await untilEmpty(backend)
    }))

  test('count as interrupted where they were delivered before and Redis has forgotten them', () =>
    withBackends(2, async ([one, other]) => {
      await one?.jobs.put(entryOf('forgotten'))
      const here = await deliveriesOf(one?.jobs as TestBackend['jobs']).next()
      await redis.kill()
      await redis.restart()
      while (one?.isAway?.() || other?.isAway?.()) await delay(20)
      await one?.jobs.close(0)
      const { delivery, settle } = await deliveriesOf(other?.jobs as TestBackend['jobs']).next()
      assert.equal(delivery.id, 'forgotten')
      assert.equal(delivery.isInterrupted, true)
      settle(done)
      here.settle(done)
      await untilEmpty(other as TestBackend)
    }))

  test('keep the payload that they were given, though Redis has forgotten it, when another process takes them', () =>
    withBackends(2, async ([one, other]) => {
      await one?.jobs.put(entryOf('changed'))
      const deliveries = deliveriesOf(one?.jobs as TestBackend['jobs'])
      const again = { state: 'retry', atMs: 0, reason: 'open', isUntouched: false } as const
      const first = await deliveries.next()
      first.settle({ ...again, payload: Buffer.from('changed') })
      const second = await deliveries.next()
      await redis.kill()
      await redis.restart()
      while (one?.isAway?.() || other?.isAway?.()) await delay(20)
      second.settle(again)
      const third = await deliveries.next()
      assert.equal(third.delivery.payload.toString(), 'changed')
      await one?.jobs.close(0)
      const { delivery, settle } = await deliveriesOf(other?.jobs as TestBackend['jobs']).next()
      assert.equal(delivery.payload.toString(), 'changed')
      settle(done)
      third.settle(done)
      await untilEmpty(other as TestBackend)
    }))

  test('with one order key keep their order among processes, also when the one that has them leaves', () =>
    withBackends(2, async ([one, other]) => {
      const order: string[] = []
      const ids = Array.from({ length: 30 }, (_, index) => `ordered-${index}`)
      for (const id of ids) await one?.jobs.put(entryOf(id, { orderKey: '["o"]' }))
      const work = async ({ id }: Delivery): Promise<Settlement> => {
        await delay(5)
        order.push(id)
        return done
      }
      one?.jobs.consume(work, { concurrency: 4 })
      other?.jobs.consume(work, { concurrency: 4 })
      while (order.length < 10) await delay(5)
      await one?.jobs.close(5_000)
      while (order.length < 20) await delay(5)
      await untilEmpty(other as TestBackend)
      assert.deepEqual(order, ids)
    }))

  test('become dead letters and are counted, though somebody has deleted the queue of those', () =>
    withBackend(async (backend) => {
      const { jobs } = backend
      await using stack = new AsyncDisposableStack()
      const connection = await connect(rabbit.url)
      stack.defer(() => connection.close())
      const channel = await connection.createChannel()
      const { dead } = queueNames('jobs')
      await channel.deleteQueue(dead)
      // Whoever counts finds that it is missing, and so does a job that becomes a dead letter.
      await assert.rejects(jobs.depth(), { code: 'AMQP_404' })
      while ((await jobs.depth().catch(() => undefined)) === undefined) await delay(20)
      await jobs.put(entryOf('dies'))
      const { settle } = await deliveriesOf(jobs).next()
      await channel.deleteQueue(dead)
      settle({ state: 'dead', reason: 'refused' })
      while (!(await jobs.discard('dies').catch(() => false))) await delay(20)
    }))

  test('reach a broker over TLS whose certificate is verified, and no other', async () => {
    await using backend = await openTestBrokerBackend(rabbit.tlsUrl, redis.url)
    await backend.jobs.put(entryOf('over-tls'))
    const { settle } = await deliveriesOf(backend.jobs).next()
    settle(done)
    await untilEmpty(backend)
    const unknown = { ca: null, isRefused: true }
    await using unverified = await openTestBrokerBackend(rabbit.tlsUrl, redis.url, unknown)
    assert.equal(unverified.isAway?.(), true)
    assert.deepEqual(unverified.brokerChanges, ['DEPTH_ZERO_SELF_SIGNED_CERT'])
  })

  test('show no password in what is told of a broker that refuses it', async () => {
    const url = rabbit.url.replace(rabbit.password, 'a-wrong-password')
    await using backend = await openTestBrokerBackend(url, redis.url, { isRefused: true })
    assert.deepEqual(backend.brokerChanges, ['AMQP_403'])
    const error = await backend.jobs.put(entryOf('refused')).catch((caught: unknown) => caught)
    assert.ok(error instanceof Error)
    const told = inspect([error, backend.faults], { depth: 9 })
    assert.doesNotMatch(told, /a-wrong-password|127\.0\.0\.1/)
  })

  test('are refused by a broker without the virtual host, which has a code of its own', async () => {
    const url = `${rabbit.url}/nowhere`
    await using backend = await openTestBrokerBackend(url, redis.url, { isRefused: true })
    assert.deepEqual(backend.brokerChanges, ['VHOST_REFUSED'])
  })
})

async function untilEmpty({ jobs }: { jobs: TestBackend['jobs'] }): Promise<void> {
  for (;;) {
    const { waiting, running } = await jobs.depth()
    if (waiting + running === 0) return
    await delay(20)
  }
}
