import { readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { pino } from 'pino'
import { Secret } from '../../src/contract/secret.ts'
import type { JobBackend } from '../../src/jobs/job-backend.ts'
import { openBrokerBackend } from '../../src/jobs/rabbitmq/open-broker-backend.ts'
import { openJobNotes } from '../../src/store/jobs/open-job-notes.ts'
import { pemFile } from './tls/pem.ts'

/** A backend in RabbitMQ and Redis, as one process of a gateway has it. */
export interface TestBackend extends JobBackend, AsyncDisposable {
  /** Codes of what was told of the broker; undefined where it is there again. */
  readonly brokerChanges: readonly (string | undefined)[]
  readonly faults: readonly unknown[]
}

/** Opens jobs in a broker and a Redis, and waits until they are there, unless `isRefused` says that they never are. */
export async function openTestBrokerBackend(
  amqpUrl: string,
  redisUrl: string,
  {
    deadlineMs = 2_000,
    keepDeadMs = 3_600_000,
    ca = readFileSync(pemFile('loopback.cert'), 'utf8'),
    isRefused = false,
  }: {
    readonly deadlineMs?: number
    readonly keepDeadMs?: number
    readonly ca?: string | null
    readonly isRefused?: boolean
  } = {},
): Promise<TestBackend> {
  const brokerChanges: (string | undefined)[] = []
  const faults: unknown[] = []
  const location = { url: new Secret(redisUrl) }
  const notes = await openJobNotes(location, 60_000, pino({ enabled: false }))
  const backend = await openBrokerBackend(
    {
      url: amqpUrl,
      ca: ca ?? undefined,
      deadlineMs,
      keepDeadMs,
      entriesOf: notes.entriesOf,
      store: notes.store,
      isStoreAway: notes.isAway,
      onBrokerChange: (_, code) => brokerChanges.push(code),
    },
    (error) => faults.push(error),
  )
  // On a busy machine, a set-up may take longer than a start waits for it.
  while (!isRefused && backend.isAway?.()) await delay(20)
  async function close(): Promise<void> {
    await Promise.all([backend.jobs.close(0), backend.callbacks.close(0)])
    await backend.close()
    notes.close()
  }
  return { ...backend, brokerChanges, faults, close, [Symbol.asyncDispose]: close }
}

/** Settings of jobs in a broker and a Redis; the others are the defaults of a configuration. */
export function brokerSettings(amqpUrl: string, redisUrl: string, confirmMs = 5_000) {
  return {
    jobs: {
      rabbitmq: new Secret(amqpUrl),
      confirmMs,
      concurrency: 1,
      maxWaiting: 10,
      retry: { firstMs: 1_000, longestMs: 60_000 },
      expiryMinutes: 1_440,
      keepHours: 168,
      keepDeadHours: 720,
    },
    store: { redis: new Secret(redisUrl), deadlineMs: 50, localShare: 0.5 },
  }
}
