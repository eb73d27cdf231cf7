import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { pino } from 'pino'
import { Secret } from '../../src/contract/secret.ts'
import { openJobsPart } from '../../src/generation/jobs-part.ts'
import { openMetrics } from '../../src/record/metrics.ts'
import { freePort } from '../support/free-port.ts'
import { startRedis } from '../support/redis.ts'

test('the log says once that RabbitMQ is away, and not that something failed for a job', async (t) => {
  await using redis = await startRedis()
  t.mock.timers.enable({ apis: ['setInterval'] })
  const lines: string[] = []
  const log = pino({ base: null }, { write: (line: string) => lines.push(line) })
  const jobs = await openJobsPart(
    {
      jobs: {
        rabbitmq: new Secret(`amqp://127.0.0.1:${await freePort()}`),
        confirmMs: 5_000,
        concurrency: 1,
        maxWaiting: 10,
        retry: { firstMs: 1_000, longestMs: 60_000 },
        expiryMinutes: 1_440,
        keepHours: 168,
        keepDeadHours: 720,
      },
      store: { redis: new Secret(redis.url), deadlineMs: 50, localShare: 0.5 },
    },
    {
      clock: () => performance.now(),
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
