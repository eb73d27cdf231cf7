import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { pino } from 'pino'
import { openJobsPart } from '../../src/lasting/jobs-part.ts'
import { openMetrics } from '../../src/record/metrics.ts'
import { brokerSettings } from '../support/broker-backend.ts'
import { freePort } from '../support/free-port.ts'
import { startRedis } from '../support/redis.ts'

test('the log says once that RabbitMQ is away, and not that something failed for a job', async (t) => {
  await using redis = await startRedis()
  t.mock.timers.enable({ apis: ['setInterval'] })
  const lines: string[] = []
  const log = pino({ base: null }, { write: (line: string) => lines.push(line) })
  const jobs = await openJobsPart(
    brokerSettings(`amqp://127.0.0.1:${await freePort()}`, redis.url),
    {
      log,
      metrics: openMetrics(),
      recorder: { recordEnd: async () => undefined },
      tracing: undefined,
    },
  )
  // It now looks how many jobs wait.
  t.mock.timers.tick(1_000)
  await turn()
  await jobs?.close()
  const messages = lines.map((line) => JSON.parse(line).msg)
  assert.deepEqual(messages, ['rabbitmq is away: jobs are neither accepted nor sent'])
})
