import { openTestBackend } from '../../support/broker-backend.ts'
import { startRabbit } from '../../support/rabbitmq.ts'
import { startRedis } from '../../support/redis.ts'
import { type BackendUnderTest, describeQueue } from '../queue-contract.ts'
import { describeStore } from '../store-contract.ts'

async function create(): Promise<BackendUnderTest> {
  const [rabbit, redis] = await Promise.all([startRabbit(), startRedis()])
  return {
    open: (keepDeadMs = 3_600_000) => openTestBackend(rabbit.url, redis.url, { keepDeadMs }),
    [Symbol.asyncDispose]: async () => {
      await redis[Symbol.asyncDispose]()
      await rabbit[Symbol.asyncDispose]()
    },
  }
}

describeQueue('RabbitMQ', create)
describeStore('Redis', create)
