import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { WholeAnswer } from '../../src/contract/whole-answer.ts'
import type { Delivery } from '../../src/jobs/durable-queue.ts'
import type { Job, JobStore } from '../../src/jobs/job.ts'
import type { JobEnvironment, JobSender } from '../../src/jobs/job-environment.ts'
import { decodeJobRequest, encodeJobRequest, type JobRequest } from '../../src/jobs/job-payload.ts'
import { prepareJobHandler } from '../../src/jobs/run-job.ts'
import { problems, type Rejection, reject } from '../../src/problem.ts'
import { acceptedJob } from '../support/accepted-job.ts'
import { openTestFileBackend } from '../support/file-backend.ts'

const nowMs = Date.now()
const expiresAtMs = nowMs + 60_000

const jobOf = (id: string) =>
  acceptedJob(id, { acceptedAtMs: nowMs - 1_000, expiresAtMs: nowMs - 500 })

/** A delivery of a job that was put back, so that it expires later than it did when it was accepted. */
function deliveryOf(
  id: string,
  more: Partial<JobRequest>,
  delivered: Partial<Pick<Delivery, 'attempts' | 'isInterrupted'>>,
): Delivery {
  const payload = encodeJobRequest({
    job: jobOf(id),
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
    ...more,
  })
  const { signal } = new AbortController()
  const first = { attempts: 1, isInterrupted: false }
  return { id, owner: 'acme-erp', payload, expiresAtMs, ...first, signal, ...delivered }
}

describe('a delivery of a job', () => {
  let backend: Awaited<ReturnType<typeof openTestFileBackend>>
  before(async () => {
    backend = await openTestFileBackend()
  })
  after(() => backend[Symbol.asyncDispose]())

  /** Handles a delivery while Magento answers so. */
  async function handle(
    id: string,
    answered: Partial<WholeAnswer> | Rejection | Error,
    {
      delivered = {},
      request = {},
      ...more
    }: Partial<JobEnvironment> & {
      readonly delivered?: Parameters<typeof deliveryOf>[2]
      readonly request?: Partial<JobRequest>
    } = {},
  ) {
    const events: string[] = []
    const send = async (): Promise<WholeAnswer | Rejection> => {
      const { state, nextAttemptAtMs } = (await backend.store.get(id)) ?? {}
      events.push(`sent while ${state}${nextAttemptAtMs === undefined ? '' : ' for later'}`)
      if (answered instanceof Error) throw answered
      if ('code' in answered) return answered
      return { status: 200, contentType: 'application/json', body: Buffer.alloc(0), ...answered }
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
      countAttempt: (_owner, outcome) => events.push(`counted ${outcome}`),
      onFault: (error) => events.push(String(error)),
      ...more,
    }
    const settlement = await prepareJobHandler(environment)(deliveryOf(id, request, delivered))
    return { settlement, events, shown: await backend.store.get(id) }
  }

  const retry = { state: 'retry', atMs: nowMs + 1_000 } as const

  test('that the store has forgotten is shown again, with the time that it has now', async () => {
    const { settlement, events, shown } = await handle('forgotten', { status: 503 })
    const reason = 'status 503'
    assert.deepEqual(settlement, { ...retry, reason, isUntouched: true })
    assert.deepEqual(events, ['sent while running', 'counted nothing-done', 'left'])
    assert.deepEqual([shown?.state, shown?.attempts], ['waiting', 1])
    assert.deepEqual([shown?.expiresAtMs, shown?.nextAttemptAtMs], [expiresAtMs, retry.atMs])
    const again = await handle('forgotten', { status: 503 }, { clock: () => nowMs + 5_000 })
    assert.equal(again.events[0], 'sent while running')
    assert.deepEqual([again.shown?.startedAtMs, again.shown?.attempts], [nowMs, 2])
  })

  test('is sent as it was accepted, byte for byte', async () => {
    const body = Buffer.from('\n{"a":\n1}\n')
    const sent: (Buffer | undefined)[] = []
    const send: JobSender['send'] = async (_, request) => {
      sent.push(request.body)
      return { status: 200, contentType: '', body: Buffer.alloc(0) }
    }
    const sender = { send, compose: () => assert.fail(), dropCarriedOut: async () => undefined }
    const senderOf = () => ({ ...sender, leave: () => undefined })
    await handle('as-it-was', {}, { senderOf, request: { body } })
    assert.deepEqual(sent, [body])
  })

  test('waits twice as long each time, and as long as Magento asks that is in maintenance', async () => {
    const again = await handle('doubled', { status: 503 }, { delivered: { attempts: 3 } })
    assert.equal('atMs' in again.settlement && again.settlement.atMs, nowMs + 4_000)
    const page = reject('upstream-unavailable', 'an error page', { retryAfterSeconds: 9 })
    const asked = await handle('maintained', page)
    assert.equal('atMs' in asked.settlement && asked.settlement.atMs, nowMs + 9_000)
    const { settlement, shown } = await handle('maintained', {}, { clock: () => expiresAtMs })
    assert.deepEqual(settlement, { state: 'dead', reason: 'expired' })
    assert.deepEqual([shown?.state, shown?.nextAttemptAtMs], ['failed', undefined])
  })

  test('that an endpoint refuses is over, and says why', async () => {
    const refusal = reject('entity-not-found', 'there is none')
    const { settlement, shown } = await handle('refused', refusal)
    assert.deepEqual(settlement, { state: 'done' })
    const detail = problems['entity-not-found'][2]
    assert.deepEqual(shown?.failure, { code: 'entity-not-found', detail })
  })

  test('keeps an answer of up to 1 MiB', async () => {
    for (const [length, kept] of [
      [1_048_576, 1_048_576],
      [1_048_577, undefined],
    ] as const) {
      const { shown } = await handle(`long-${length}`, { body: Buffer.alloc(length) })
      assert.deepEqual([shown?.state, shown?.answer?.body?.length], ['done', kept])
    }
  })

  /** Handles a delivery of a job that somebody else shows as failed during the attempt. */
  function handleWhileFailed(id: string, endedAtMs: number, status: number) {
    const compose = async () => {
      const failure = { code: 'interrupted', detail: '' } as const
      await backend.store.change(id, { state: 'failed', endedAtMs, failure })
      return { status, contentType: 'application/json', body: Buffer.alloc(0) }
    }
    const sender = { send: compose, compose, dropCarriedOut: async () => undefined }
    return handle(id, {}, { senderOf: () => ({ ...sender, leave: () => undefined }) })
  }

  test('that another process has ended during the attempt stays as it ended, and is told of as that', async () => {
    const endedAtMs = nowMs + 100
    for (const [id, status] of [
      ['late-end', 200],
      ['late-retry', 503],
    ] as const) {
      const { settlement, events, shown } = await handleWhileFailed(id, endedAtMs, status)
      assert.deepEqual(settlement, { state: 'dead', reason: 'interrupted' })
      assert.deepEqual(events.slice(-2), ['told of failed', 'recorded failed'])
      assert.deepEqual([shown?.state, shown?.endedAtMs], ['failed', endedAtMs])
    }
  })

  test('that is shown as it was before it was put back, as after a failover of Redis, is over as the attempt ended', async () => {
    const { settlement, shown } = await handleWhileFailed('put-back-twice', nowMs - 100, 200)
    assert.deepEqual(settlement, { state: 'done' })
    assert.deepEqual([shown?.state, shown?.failure], ['done', undefined])
  })

  test('that is over and was not settled is told of and recorded, and not sent', async () => {
    await backend.store.add(jobOf('over'))
    await backend.store.change('over', { state: 'done', endedAtMs: nowMs })
    const { settlement, events } = await handle('over', {})
    assert.deepEqual(settlement, { state: 'done' })
    assert.deepEqual(events, ['told of done', 'recorded done'])
  })

  test('of an integration that was removed waits, and can be cancelled', async () => {
    const { settlement, shown } = await handle('removed', {}, { senderOf: () => undefined })
    const reason = 'no such integration'
    assert.deepEqual(settlement, { ...retry, reason, isUntouched: true })
    assert.equal(shown?.state, 'waiting')
  })

  test('that is sent again later is shown as waiting before it is settled, and so can be cancelled', async () => {
    const order: string[] = []
    const change: JobStore['change'] = async (id, values) => {
      await backend.store.change(id, values)
      order.push(`shown as ${values.state}`)
    }
    const send = async () => ({ status: 503, contentType: '', body: Buffer.alloc(0) })
    const leave = () => order.push('settled')
    const senderOf = () => ({ send, compose: send, dropCarriedOut: async () => undefined, leave })
    await handle('shown', {}, { store: { ...backend.store, change }, senderOf })
    assert.deepEqual(order, ['shown as running', 'shown as waiting', 'settled'])
  })

  test('that may have had an effect is a dead letter, or sent again and cannot be cancelled', async () => {
    const dead = await handle('unrepeatable', { status: 504 })
    assert.deepEqual(dead.settlement, { state: 'dead', reason: 'upstream-error' })
    const request = { isRepeatable: true }
    const { settlement } = await handle('unknown', { status: 502 }, { request })
    assert.deepEqual(settlement, { ...retry, reason: 'status 502', isUntouched: false })
  })

  test("to Magento's own queue fails by Magento's refusal, and may have been taken by any other answer", async () => {
    const request = { engine: 'magento', isRepeatable: true } as const
    const refused = await handle('not-queued', { status: 400 }, { request })
    assert.deepEqual(refused.settlement, { state: 'done' })
    assert.deepEqual([refused.shown?.state, refused.shown?.answer?.status], ['failed', 400])
    const { settlement } = await handle('unnamed', { status: 202 }, { request })
    assert.deepEqual(settlement, { ...retry, reason: 'upstream-error', isUntouched: false })
  })

  test('that asks Magento how far it is counts as no attempt, and leaves it running', async () => {
    const operations = '{"operations_list":[{"id":0,"status":4}]}'
    const { settlement, events, shown } = await handle(
      'with-magento',
      { body: Buffer.from(operations), retryAfterSeconds: 7 },
      { request: { engine: 'magento', bulkUuid: 'a' } },
    )
    const reason = 'Magento has not carried it out yet'
    const atMs = nowMs + 7_000
    assert.deepEqual(settlement, { state: 'retry', atMs, reason, isUntouched: false })
    assert.deepEqual(events, ['sent while running', 'left'])
    assert.deepEqual([shown?.state, shown?.attempts], ['running', 0])
  })

  test('that was interrupted is told as that, even if its time is over as well', async () => {
    const delivered = { isInterrupted: true }
    const over = { delivered, clock: () => expiresAtMs }
    const { settlement, events, shown } = await handle('interrupted', {}, over)
    assert.deepEqual(settlement, { state: 'dead', reason: 'interrupted' })
    assert.deepEqual(events, ['told of failed', 'recorded failed'])
    assert.deepEqual([shown?.state, shown?.failure?.code], ['failed', 'interrupted'])
    // It would be sent again if there were time, so it has expired.
    const request = { isRepeatable: true }
    const repeatable = await handle('interrupted-put', {}, { ...over, request })
    assert.deepEqual(repeatable.settlement, { state: 'dead', reason: 'expired' })
    // Magento may have carried it out all the same.
    const detail = 'The job expired before it was known to have been carried out.'
    assert.deepEqual(repeatable.shown?.failure, { code: 'expired', detail })
  })

  test('that meets a defect is a dead letter, and the cause is in the log', async () => {
    const { settlement, events } = await handle('defect', new Error('a defect'))
    assert.deepEqual(settlement, { state: 'dead', reason: 'internal-error' })
    assert.equal(events[1], 'Error: a defect')
  })

  test('that is none meets a defect before a store is asked, which would never take it', async () => {
    const { id, owner, acceptedAtMs } = jobOf('none')
    for (const job of [{}, { id, owner }, { id, acceptedAtMs }, { owner, acceptedAtMs }]) {
      const given = handle('none', {}, { request: { job: job as unknown as Job } })
      await assert.rejects(given, { message: 'this is no job' })
    }
    // No part of it is in the log.
    assert.throws(() => decodeJobRequest(Buffer.from('card 4111')), { message: 'this is no job' })
  })

  test('whose end cannot be announced comes again for that, and is not recorded before', async () => {
    const onEnd = () => Promise.reject(new Error('the queue of call-backs is away'))
    const { settlement, events } = await handle('untold', {}, { onEnd })
    const reason = 'the end of the job could not be announced'
    assert.deepEqual(settlement, { ...retry, reason, isUntouched: false })
    assert.deepEqual(events.slice(2), ['Error: the queue of call-backs is away', 'left'])
    const again = await handle('untold', {})
    assert.deepEqual(again.events, ['told of done', 'recorded done'])
  })
})
