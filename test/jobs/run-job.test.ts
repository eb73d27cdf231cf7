import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { UpstreamAnswer } from '../../src/forward/upstream-exchange.ts'
import type { Delivery } from '../../src/jobs/durable-queue.ts'
import type { AcceptedJob, Job } from '../../src/jobs/job.ts'
import type { JobEnvironment } from '../../src/jobs/job-environment.ts'
import { encodeJobRequest } from '../../src/jobs/job-payload.ts'
import { prepareJobHandler } from '../../src/jobs/run-job.ts'
import { openTestBackend } from '../support/file-backend.ts'

const nowMs = Date.now()
const expiresAtMs = nowMs + 60_000

function acceptedJob(id: string): AcceptedJob {
  return {
    id,
    owner: 'acme-erp',
    requestId: 'r',
    traceId: 't',
    traceFlags: '01',
    method: 'POST',
    route: 'POST /V1/products',
    acceptedAtMs: nowMs - 1_000,
    expiresAtMs: nowMs - 500,
  }
}

/** A delivery of a job that was put back, so that it expires later than it did when it was accepted. */
function deliveryOf(id: string): Delivery {
  const payload = encodeJobRequest({
    job: acceptedJob(id),
    path: '/rest/V1/products',
    segments: ['V1', 'products'],
    query: undefined,
    store: undefined,
    headers: [],
    clientIp: undefined,
    engine: 'gateway',
    isRepeatable: false,
    isComposed: false,
    body: Buffer.from('{}'),
  })
  const { signal } = new AbortController()
  const times = { putAtMs: nowMs, expiresAtMs }
  return { id, owner: 'acme-erp', payload, ...times, attempts: 1, isInterrupted: false, signal }
}

describe('a delivery of a job', () => {
  let backend: Awaited<ReturnType<typeof openTestBackend>>
  before(async () => {
    backend = await openTestBackend()
  })
  after(() => backend[Symbol.asyncDispose]())

  /** Handles a delivery while Magento answers so. */
  async function handle(id: string, status: number, more: Partial<JobEnvironment> = {}) {
    const answer: UpstreamAnswer = {
      status,
      contentType: 'application/json',
      body: Buffer.alloc(0),
    }
    const events: string[] = []
    const send = async () => {
      events.push('sent')
      return answer
    }
    const environment: JobEnvironment = {
      store: backend.store,
      retry: { firstMs: 1_000, longestMs: 60_000 },
      senderOf: () => ({
        send,
        compose: send,
        dropCarriedOut: async () => undefined,
        leave: () => events.push('left'),
      }),
      clock: () => nowMs,
      random: () => 0,
      onEnd: async (job: Job) => void events.push(`told of ${job.state}`),
      recordEnd: async (job: Job) => void events.push(`recorded ${job.state}`),
      countAttempt: () => undefined,
      onFault: (error) => events.push(String(error)),
      ...more,
    }
    const settlement = await prepareJobHandler(environment)(deliveryOf(id))
    return { settlement, events, shown: await backend.store.get(id) }
  }

  const retry = { state: 'retry', atMs: nowMs + 1_000 } as const

  test('that the store has forgotten is shown again, with the time that it has now', async () => {
    const { settlement, events, shown } = await handle('forgotten', 503)
    const reason = 'status 503'
    assert.deepEqual(settlement, { ...retry, reason, isUntouched: true })
    assert.deepEqual(events, ['sent', 'left'])
    assert.deepEqual([shown?.state, shown?.attempts], ['waiting', 1])
    assert.deepEqual([shown?.expiresAtMs, shown?.nextAttemptAtMs], [expiresAtMs, retry.atMs])
  })

  test('that is over and was not settled is told of and recorded, and not sent', async () => {
    await backend.store.add(acceptedJob('over'))
    await backend.store.change('over', { state: 'done', endedAtMs: nowMs })
    const { settlement, events } = await handle('over', 200)
    assert.deepEqual(settlement, { state: 'done' })
    assert.deepEqual(events, ['told of done', 'recorded done'])
  })

  test('of an integration that was removed waits, and can be cancelled', async () => {
    const { settlement, shown } = await handle('removed', 200, { senderOf: () => undefined })
    const reason = 'no such integration'
    assert.deepEqual(settlement, { ...retry, reason, isUntouched: true })
    assert.equal(shown?.state, 'waiting')
  })

  test('whose end cannot be announced comes again for that, and is not recorded before', async () => {
    const onEnd = () => Promise.reject(new Error('the queue of call-backs is away'))
    const { settlement, events } = await handle('untold', 200, { onEnd })
    const reason = 'the end of the job could not be announced'
    assert.deepEqual(settlement, { ...retry, reason, isUntouched: false })
    assert.deepEqual(events, ['sent', 'Error: the queue of call-backs is away', 'left'])
    const again = await handle('untold', 200)
    assert.deepEqual(again.events, ['told of done', 'recorded done'])
  })
})
