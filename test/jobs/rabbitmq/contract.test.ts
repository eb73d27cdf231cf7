import { after } from 'node:test'
import { connect } from 'amqplib'
import { queueNames } from '../../../src/jobs/rabbitmq/queue-names.ts'
import { openTestBackend } from '../../support/broker-backend.ts'
import { startRabbit } from '../../support/rabbitmq.ts'
import { startRedis, withClient } from '../../support/redis.ts'
import { type BackendUnderTest, describeQueue } from '../queue-contract.ts'
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
