import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { connect } from 'amqplib'
import { queueNames } from '../../../src/jobs/rabbitmq/queue-names.ts'
import { openTestBackend, type TestBackend } from '../../support/broker-backend.ts'
import { startRabbit } from '../../support/rabbitmq.ts'
import { startRedis, withClient } from '../../support/redis.ts'
import { type BackendUnderTest, describeQueue, entryOf } from '../queue-contract.ts'
import { describeStore } from '../store-contract.ts'

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

async function create(): Promise<BackendUnderTest> {
  servers ??= startServers()
  const { rabbit, redis } = await servers
  return {
    // The deadline is nothing that all queues promise, and a busy machine may miss a short one.
    open: (keepDeadMs = 3_600_000) =>
      openTestBackend(rabbit.url, redis.url, { keepDeadMs, deadlineMs: 60_000 }),
    clear: async () => {
      await withClient(redis.url, (client) => client.flushall())
      const connection = await connect(rabbit.url)
      const channel = await connection.createChannel()
      const { sources, dead, waits } = queueNames('callbacks')
      const queues = [...sources.map(({ queue }) => queue), dead, ...waits.map(({ name }) => name)]
      for (const queue of queues) await channel.purgeQueue(queue)
      await connection.close()
    },
    [Symbol.asyncDispose]: async () => undefined,
  }
}

describeQueue('RabbitMQ', create)
describeStore('Redis', create)

test('dead letters that one process holds include those that come next, and are there for others again', async () => {
  await using under = await create()
  await under.clear()
  const { rabbit, redis } = await (servers as ReturnType<typeof startServers>)
  const open = () => openTestBackend(rabbit.url, redis.url, { deadlineMs: 60_000 })
  await using one = await open()
  await using other = await open()
  one.callbacks.consume(async () => ({ state: 'dead', reason: 'gone' }), { concurrency: 1 })
  const listed = async (backend: TestBackend) =>
    (await backend.callbacks.listDead({ limit: 9 })).map(({ id }) => id)
  await one.callbacks.put(entryOf('1'))
  while ((await listed(one)).length < 1);
  await one.callbacks.put(entryOf('2'))
  while ((await listed(one)).length < 2);
  assert.equal((await one.callbacks.depth()).dead, 2)
  assert.equal(await one.callbacks.discard('1'), true)
  while ((await listed(other)).length < 1);
  assert.deepEqual(await listed(other), ['2'])
  assert.equal(await other.callbacks.discard('2'), true)
})

test('a dead letter that was put back or discarded is gone, though its process ends at once', async () => {
  await using under = await create()
  const { rabbit, redis } = await (servers as ReturnType<typeof startServers>)
  const open = () => openTestBackend(rabbit.url, redis.url, { deadlineMs: 60_000 })
  await (await open())[Symbol.asyncDispose]()
  await under.clear()
  const ids = ['1', '2', '3', '4']
  {
    await using first = await open()
    first.callbacks.consume(async () => ({ state: 'dead', reason: 'gone' }), { concurrency: 4 })
    for (const id of ids) await first.callbacks.put(entryOf(id))
    while ((await first.callbacks.listDead({ limit: 9 })).length < ids.length);
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
})
