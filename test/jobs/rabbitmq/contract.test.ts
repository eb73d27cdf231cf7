import { after } from 'node:test'
import { openTestBackend } from '../../support/broker-backend.ts'
import { startRabbit } from '../../support/rabbitmq.ts'
import { startRedis } from '../../support/redis.ts'
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
    open: (keepDeadMs = 3_600_000) => openTestBackend(rabbit.url, redis.url, { keepDeadMs }),
    [Symbol.asyncDispose]: async () => undefined,
  }
}

describeQueue('RabbitMQ', create)
describeStore('Redis', create)
