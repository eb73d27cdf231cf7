import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import type { DurableQueue } from '../../src/jobs/durable-queue.ts'
import type { JobBackend } from '../../src/jobs/job-backend.ts'
import { acceptedJob } from '../support/accepted-job.ts'
import { deliveriesOf, entryOf } from './deliveries.ts'
import type { BackendUnderTest } from './queue-contract.ts'

/** Holds a store of jobs against what all of them promise. */
export function describeStore(kind: string, create: () => Promise<BackendUnderTest>): void {
  describe(`the states of jobs in ${kind}`, () => {
    let place: BackendUnderTest
    let backend: JobBackend
    before(async () => {
      place = await create()
      backend = await place.open()
    })
    after(async () => {
      await backend.close()
      await place[Symbol.asyncDispose]()
    })

    test('are those of a job that waits, at first', async () => {
      const job = acceptedJob('new')
      await backend.store.add(job)
      assert.deepEqual(await backend.store.get('new'), { ...job, state: 'waiting', attempts: 0 })
      assert.equal(await backend.store.get('nobody'), undefined)
    })

    test('become those of a new job with a dead letter that is put back, though two processes try to', async () => {
      await using opened = new AsyncDisposableStack()
      const open = async () => {
        const { jobs, close } = await place.open()
        opened.defer(async () => {
          await jobs.close(0)
          await close()
        })
        return jobs
      }
      const [jobs, others] = await Promise.all([open(), open()])
      const { store } = backend
      const job = acceptedJob('dead')
      const again = { state: 'waiting', attempts: 0, failure: undefined } as const
      const putBack = (queue: DurableQueue) => queue.putBack('dead', Date.now() + 60_000, again)
      await store.add(job)
      const deliveries = deliveriesOf(jobs)
      await jobs.put(entryOf('dead'))
      const first = await deliveries.next()
      const failure = { code: 'upstream-failed', detail: 'cut off' } as const
      await store.change('dead', { state: 'failed', attempts: 1, failure })
      // It is no dead letter yet.
      assert.equal(await putBack(jobs), false)
      assert.deepEqual((await store.get('dead'))?.failure, failure)
      first.settle({ state: 'dead', reason: 'upstream-failed' })
      while ((await jobs.depth()).dead === 0) await delay(5)
      const areBack = Promise.all([putBack(jobs), putBack(others)])
      const second = await deliveries.next()
      assert.deepEqual(await store.get('dead'), { ...job, state: 'waiting', attempts: 0 })
      await store.change('dead', { state: 'done' })
      assert.deepEqual((await areBack).sort(), [false, true])
      assert.equal((await store.get('dead'))?.state, 'done')
      second.settle({ state: 'done' })
      while ((await jobs.depth()).running > 0) await delay(5)
    })

    test('change in what is said, and keep the rest', async () => {
      const { store } = backend
      await store.add(acceptedJob('changed'))
      const nextAttemptAtMs = Date.now() + 1_000
      await store.change('changed', { state: 'waiting', attempts: 1, nextAttemptAtMs })
      await store.change('changed', { progress: { total: 3, done: 1, failed: 0 } })
      const body = Buffer.from([123, 0, 255, 125])
      await Promise.all([
        store.change('changed', { state: 'running', nextAttemptAtMs: undefined }),
        store.change('changed', {
          state: 'done',
          endedAtMs: 5,
          answer: { status: 200, contentType: 'application/json', body },
        }),
      ])
      // It is there already.
      await store.add(acceptedJob('changed'))
      const job = await store.get('changed')
      assert.equal(job?.state, 'done')
      assert.equal(job.attempts, 1)
      assert.equal(job.nextAttemptAtMs, undefined)
      assert.deepEqual(job.progress, { total: 3, done: 1, failed: 0 })
      assert.ok(Buffer.isBuffer(job.answer?.body))
      assert.deepEqual(job.answer, { status: 200, contentType: 'application/json', body })
      assert.equal(job.route, 'POST /V1/products')
      const listed = await store.list({ state: 'done', limit: 9 })
      assert.deepEqual(
        listed.find(({ id }) => id === 'changed'),
        job,
      )
      const withoutBody = { status: 204, contentType: 'application/json' }
      await store.change('changed', { answer: withoutBody })
      assert.deepEqual((await store.get('changed'))?.answer, withoutBody)
      await store.change('nobody', { state: 'done' })
      assert.equal(await store.get('nobody'), undefined)
    })

    test('have the results of items in their order, the last one that was put for each', async () => {
      const { store } = backend
      await store.add(acceptedJob('items'))
      const results = (from: number, count: number, success: boolean) =>
        Array.from({ length: count }, (_, index) => ({ success, sku: `sku-${from + index}` }))
      await store.putResults('items', 100, results(100, 450, true))
      await store.putResults('items', 0, results(0, 100, false))
      await store.putResults('items', 50, results(50, 50, true))
      assert.deepEqual(await store.results('items'), [
        ...results(0, 50, false),
        ...results(50, 500, true),
      ])
    })

    test('are listed, the last accepted first, by owner and by state', async () => {
      const { store } = backend
      const owner = 'list-erp'
      const jobs = ['l0', 'l1', 'l2', 'l3'].map((id, index) =>
        acceptedJob(id, { owner, acceptedAtMs: Date.now() + index }),
      )
      for (const job of jobs) await store.add(job)
      for (const id of ['l0', 'l1', 'l2']) await store.change(id, { state: 'failed' })
      const ids = async (query: Parameters<typeof store.list>[0]) =>
        (await store.list(query)).map(({ id }) => id)
      assert.deepEqual(await ids({ owner, limit: 9 }), ['l3', 'l2', 'l1', 'l0'])
      assert.deepEqual(await ids({ owner, limit: 2 }), ['l3', 'l2'])
      assert.deepEqual(await ids({ owner, state: 'failed', limit: 2 }), ['l2', 'l1'])
      assert.deepEqual(await ids({ state: 'failed', limit: 9 }), ['l2', 'l1', 'l0'])
      // Once more, which changes nothing.
      for (const job of jobs) await store.add(job)
      assert.deepEqual(await ids({ owner, state: 'failed', limit: 9 }), ['l2', 'l1', 'l0'])
      assert.deepEqual(await ids({ limit: 2 }), ['l3', 'l2'])
    })
  })
}
