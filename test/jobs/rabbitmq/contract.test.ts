import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { connect } from 'amqplib'
import type { DurableQueue } from '../../../src/jobs/durable-queue.ts'
import { queueNames } from '../../../src/jobs/rabbitmq/queue-names.ts'
import { acceptedJob } from '../../support/accepted-job.ts'
import { openTestBrokerBackend, type TestBackend } from '../../support/broker-backend.ts'
import { writeConfig } from '../../support/config-directory.ts'
import { gatewaySettings, globex, testEnv } from '../../support/gateway.ts'
import { runHosted } from '../../support/hosted-command.ts'
import { startRabbit } from '../../support/rabbitmq.ts'
import { startRedis, withClient } from '../../support/redis.ts'
import { deliveriesOf, entryOf } from '../deliveries.ts'
import { type BackendUnderTest, describeQueue } from '../queue-contract.ts'
import { describeStore } from '../store-contract.ts'
import { testGateways } from './broker-gateways.ts'

const stack = new AsyncDisposableStack()
after(() => stack.disposeAsync())

async function startServers() {
  const [rabbit, redis] = await Promise.all([startRabbit(), startRedis()])
  stack.use(rabbit)
  stack.use(redis)
  return { rabbit, redis }
}

// A broker takes seconds to start, so there is one for both.
let servers: ReturnType<typeof startServers> | undefined

async function started() {
  servers ??= startServers()
  return servers
}

async function open(keepDeadMs = 3_600_000): Promise<TestBackend> {
  const { rabbit, redis } = await started()
  // The deadline is nothing that all queues promise, and a busy machine may miss a short one.
  return openTestBrokerBackend(rabbit.url, redis.url, { keepDeadMs, deadlineMs: 60_000 })
}

async function create(): Promise<BackendUnderTest> {
  const { rabbit, redis } = await started()
  return {
    open,
    clear: async () => {
      await withClient(redis.url, (client) => client.flushall())
      await using link = await openChannel(rabbit.url)
      const { channel } = link
      const { sources, dead, waits } = queueNames('callbacks')
      const queues = [...sources.map(({ queue }) => queue), dead, ...waits.map(({ name }) => name)]
      for (const queue of queues) await channel.purgeQueue(queue)
    },
    [Symbol.asyncDispose]: async () => undefined,
  }
}

/** A channel beside those of the gateway, on a connection of its own. */
async function openChannel(url: string) {
  const connection = await connect(url)
  const channel = await connection.createConfirmChannel()
  return { channel, [Symbol.asyncDispose]: () => connection.close() }
}

/** Puts an entry, and makes it a dead letter. */
async function bury(
  id: string,
  queue: DurableQueue,
  deliveries: ReturnType<typeof deliveriesOf>,
): Promise<void> {
  await queue.put(entryOf(id))
  const { settle } = await deliveries.next()
  settle({ state: 'dead', reason: 'gone' })
  while ((await queue.depth()).dead === 0) await delay(5)
}

describeQueue('RabbitMQ', create)
describeStore('Redis', create)

test('dead letters that one process holds include those that come next, and are there for others again', async () => {
  await using under = await create()
  await under.clear()
  await using one = await open()
  await using other = await open()
  one.callbacks.consume(async () => ({ state: 'dead', reason: 'gone' }), { concurrency: 1 })
  const listed = async (backend: TestBackend) =>
    (await backend.callbacks.listDead({ limit: 9 })).map(({ id }) => id)
  await one.callbacks.put(entryOf('1'))
  while ((await listed(one)).length < 1) await delay(5)
  await one.callbacks.put(entryOf('2'))
  while ((await listed(one)).length < 2) await delay(5)
  assert.equal((await one.callbacks.depth()).dead, 2)
  assert.equal(await one.callbacks.discard('1'), true)
  while ((await other.callbacks.depth()).dead < 1) await delay(5)
  // Two at a time do not hide it from each other either.
  assert.deepEqual(await Promise.all([listed(other), listed(other)]), [['2'], ['2']])
  assert.equal(await other.callbacks.discard('2'), true)
})

test('a dead letter that was put back or discarded is gone, though its process ends at once', async () => {
  await using under = await create()
  await (await open())[Symbol.asyncDispose]()
  await under.clear()
  const ids = ['1', '2', '3', '4']
  {
    await using first = await open()
    first.callbacks.consume(async () => ({ state: 'dead', reason: 'gone' }), { concurrency: 4 })
    for (const id of ids) await first.callbacks.put(entryOf(id))
    while ((await first.callbacks.listDead({ limit: 9 })).length < ids.length) await delay(5)
  }
  for (const id of ids) {
    await using command = await open()
    const isDone =
      id === '1'
        ? command.callbacks.putBack(id, Date.now() + 60_000)
        : command.callbacks.discard(id)
    assert.equal(await isDone, true)
  }
  await using last = await open()
  assert.deepEqual(await last.callbacks.listDead({ limit: 9 }), [])
  await under.clear()
})

test('a process does not count as alive any more once it is closed, though it is asked how much is there', async () => {
  await using backend = await open()
  const { callbacks } = backend
  deliveriesOf(callbacks)
  const holders = 'magegate:queue:{callbacks}:holder:*'
  const { redis } = await started()
  const alive = () => withClient(redis.url, (client) => client.keys(holders))
  while ((await alive()).length === 0) await delay(5)
  await callbacks.close(0)
  await callbacks.depth()
  assert.deepEqual(await alive(), [])
})

test('a dead letter that is there again after it was put back is not carried out once more', async () => {
  await using backend = await open()
  const { callbacks } = backend
  const deliveries = deliveriesOf(callbacks)
  await bury('again', callbacks, deliveries)
  const { rabbit } = await started()
  await using link = await openChannel(rabbit.url)
  const { channel } = link
  const { dead } = queueNames('callbacks')
  const letter = await channel.get(dead)
  assert.ok(letter)
  channel.sendToQueue(dead, letter.content, letter.properties)
  while ((await callbacks.listDead({ limit: 1 })).length === 0) await delay(5)
  assert.equal(await callbacks.putBack('again', Date.now() + 60_000), true)
  const second = await deliveries.next()
  second.settle({ state: 'done' })
  while ((await callbacks.depth()).running > 0) await delay(5)
  // As if its acknowledgement had been lost.
  channel.nack(letter)
  while ((await callbacks.listDead({ limit: 1 })).length === 0) await delay(5)
  assert.equal(await callbacks.putBack('again', Date.now() + 60_000), false)
  assert.equal(await callbacks.discard('again'), true)
})

test('a message among the dead letters that is none is listed as not understood, and can be discarded', async () => {
  const { rabbit, redis } = await started()
  await using files = await writeConfig({
    gateway: {
      ...gatewaySettings({ magentoUrl: 'http://127.0.0.1:9' }, 'audit.jsonl'),
      jobs: { rabbitmq: 'env:AMQP_URL' },
      store: { redis: 'env:REDIS_URL' },
    },
    integrations: { globex },
  })
  const env = { ...testEnv, AMQP_URL: rabbit.url, REDIS_URL: redis.url }
  const run = (...args: string[]) => runHosted(['jobs', ...args, '--config', files.path], env)
  await using under = await create()
  await using backend = await open()
  await under.clear()
  await using link = await openChannel(rabbit.url)
  const { channel } = link
  const { dead } = queueNames('jobs')
  const entry = { owner: 'globex-pim', putAtMs: 1, expiresAtMs: 1 }
  const tooLate = { ...entry, death: { attempts: 1, diedAtMs: 9e15, reason: 'gone' } }
  for (const header of [entry, tooLate]) {
    const headers = { entry: JSON.stringify(header) }
    channel.sendToQueue(dead, Buffer.from('job'), { messageId: 'odd', headers })
  }
  channel.sendToQueue(dead, Buffer.from('of somebody else'))
  await channel.waitForConfirms()
  await backend.store.add(acceptedJob('changed'))
  await withClient(redis.url, (client) => client.hset('magegate:job:{changed}', 'state', 'done'))

  const { stdout, exitCode } = await run('dead')
  assert.equal(exitCode, 0)
  const lines = stdout.trimEnd().split('\n')
  const ids = lines.map((line) => /unread-\S+/.exec(line)?.[0] ?? line)
  assert.equal(new Set(ids).size, 3)
  for (const line of lines) assert.ok(line.endsWith(`a message of ${dead} is not understood`))
  const again = await run('retry', ids[0] ?? '')
  assert.equal(again.stderr, `jobs: ${ids[0]} could not be changed (NOT_UNDERSTOOD)\n`)
  assert.equal((await backend.jobs.depth()).dead, 3)
  assert.equal((await run('discard', '--all')).exitCode, 0)
  assert.equal((await backend.jobs.depth()).dead, 0)

  const list = await run('list')
  assert.equal(list.exitCode, 0)
  assert.match(list.stderr, /^jobs: what Redis holds of a job is not understood \(changed\)\n$/)
})

test('a dead letter stays one while an entry of its name is in the queue', async () => {
  await using backend = await open()
  const { callbacks } = backend
  const deliveries = deliveriesOf(callbacks)
  await bury('twice', callbacks, deliveries)
  // Otherwise it could not be put again.
  const { redis } = await started()
  await withClient(redis.url, (client) => client.flushall())
  await callbacks.put(entryOf('twice'))
  const second = await deliveries.next()
  assert.equal(await callbacks.putBack('twice', Date.now() + 60_000), false)
  second.settle({ state: 'done' })
  while ((await callbacks.depth()).running > 0) await delay(5)
  assert.equal(await callbacks.discard('twice'), true)
})

test('a process says that it is alive before it begins anything, so that no other takes that over', async () => {
  await using backend = await open()
  await backend.callbacks.put(entryOf('begun'))
  const { settle } = await deliveriesOf(backend.callbacks).next()
  const { redis } = await started()
  const aliveKeys = () =>
    withClient(redis.url, (client) => client.keys('magegate:queue:{callbacks}:holder:*'))
  const alive = await aliveKeys()
  // As if it had expired: it says so again and again.
  await withClient(redis.url, (client) => client.del(...alive))
  while ((await aliveKeys()).length === 0) await delay(5)
  settle({ state: 'done' })
  while ((await backend.callbacks.depth()).running > 0) await delay(5)
  assert.equal(alive.length, 1)
})

test('an entry that was put twice is not begun while it is under way', async () => {
  await using backend = await open()
  const { callbacks } = backend
  const { redis } = await started()
  const putAtMs = Date.now()
  await callbacks.put(entryOf('twice'))
  // As where the first confirm came too late.
  await withClient(redis.url, (client) =>
    client.hdel('magegate:queue:{callbacks}:entry:twice', 'put'),
  )
  while (Date.now() <= putAtMs + 1);
  for (const id of ['twice', 'last']) await callbacks.put(entryOf(id))
  const deliveries = deliveriesOf(callbacks, 3)
  const two = [await deliveries.next(), await deliveries.next()]
  assert.deepEqual(two.map(({ delivery }) => delivery.id).sort(), ['last', 'twice'])
  for (const { settle } of two) settle({ state: 'done' })
  while ((await callbacks.depth()).waiting > 0) await delay(5)
  assert.equal(deliveries.count(), 0)
})

test('what another process cancels holds up nothing behind it, however long it has to wait', async (t) => {
  const warnings: string[] = []
  const note = ({ name }: Error) => {
    if (name === 'TimeoutOverflowWarning') warnings.push(name)
  }
  process.on('warning', note)
  t.after(() => process.off('warning', note))
  await using one = await open()
  await using other = await open()
  for (const id of ['first', 'behind']) await one.callbacks.put(entryOf(id, { orderKey: '["k"]' }))
  const deliveries = deliveriesOf(one.callbacks)
  const first = await deliveries.next()
  // Longer than a timer of Node can wait.
  const atMs = Date.now() + 40 * 86_400_000
  first.settle({ state: 'retry', atMs, reason: 'busy', isUntouched: true })
  while ((await other.callbacks.depth()).running > 0) await delay(5)
  assert.equal(await other.callbacks.cancel('first'), 'cancelled')
  const behind = await deliveries.next()
  assert.equal(behind.delivery.id, 'behind')
  behind.settle({ state: 'done' })
  assert.deepEqual(warnings, [])
})

test('what waits behind others for long goes back to RabbitMQ in time, and comes again in its order', async (t) => {
  await using backend = await open()
  const { callbacks, brokerChanges } = backend
  const { length: changes } = brokerChanges
  // Those of the connection, which would miss signs of life, go on.
  t.mock.timers.enable({ apis: ['setInterval'] })
  const ids = ['first', 'second', 'third']
  await callbacks.put(entryOf('long'))
  const deliveries = deliveriesOf(callbacks, 2)
  const long = await deliveries.next()
  for (const id of ids) await callbacks.put(entryOf(id, { orderKey: '["k"]' }))
  const { settle } = await deliveries.next()
  const atMs = Date.now() + 3_600_000
  settle({ state: 'retry', atMs, reason: 'busy', isUntouched: true })
  while ((await callbacks.depth()).running > 1) await delay(5)
  const now = performance.now()
  t.mock.method(performance, 'now', () => now + 1_000_000)
  t.mock.timers.tick(60_000)
  t.mock.timers.reset()
  assert.equal(await callbacks.cancel('first'), 'cancelled')
  for (const id of ['second', 'third']) {
    const { delivery, settle } = await deliveries.next()
    assert.deepEqual([delivery.id, delivery.isInterrupted], [id, false])
    settle({ state: 'done' })
    // Its message is still the one that is held, and not given back with the others.
    long.settle({ state: 'done' })
  }
  while ((await callbacks.depth()).running > 0) await delay(5)
  assert.equal(brokerChanges.length, changes)
})

test('what waits is counted by its messages where Redis has forgotten it', async () => {
  await using backend = await open()
  await backend.callbacks.put(entryOf('forgotten'))
  const { redis } = await started()
  await withClient(redis.url, (client) => client.flushall())
  assert.equal((await backend.callbacks.depth()).waiting, 1)
  const { settle } = await deliveriesOf(backend.callbacks).next()
  settle({ state: 'done' })
  while ((await backend.callbacks.depth()).running > 0) await delay(5)
})

test('the queues are those of the version before: RabbitMQ takes no others of the same name', async () => {
  await using _ = await open()
  const { rabbit } = await started()
  await using link = await openChannel(rabbit.url)
  const { channel } = link
  const quorum = {
    'x-queue-type': 'quorum',
    'x-delivery-limit': 1_000_000_000,
    'x-overflow': 'reject-publish',
  }
  const assertQueue = async (name: string, more: object = {}) => {
    await channel.checkQueue(name)
    await channel.assertQueue(name, { durable: true, arguments: { ...quorum, ...more } })
  }
  for (const kind of ['jobs', 'callbacks']) {
    for (let number = 0; number < 8; number += 1) {
      const single = { 'x-single-active-consumer': true }
      await assertQueue(`magegate.${kind}.ordered.${number}`, single)
      await assertQueue(`magegate.${kind}.shared.${number}`)
    }
    await assertQueue(`magegate.${kind}.dead`)
    for (const seconds of [10, 60, 600, 3_600]) {
      await assertQueue(`magegate.${kind}.wait.${seconds}`, {
        'x-message-ttl': seconds * 1_000,
        'x-dead-letter-exchange': '',
        'x-dead-letter-strategy': 'at-least-once',
      })
    }
  }
  const { queueOf } = queueNames('jobs')
  assert.equal(queueOf({ owner: 'acme-erp' }), 'magegate.jobs.shared.5')
  assert.equal(queueOf({ owner: 'acme-erp', orderKey: '["k"]' }), 'magegate.jobs.ordered.2')
})

testGateways(async () => {
  await using under = await create()
  await under.clear()
  return started()
})
