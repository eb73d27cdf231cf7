import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { callbackEntry } from '../../src/callbacks/callback-entry.ts'
import { discardCallbacks, redeliver } from '../../src/callbacks/redeliver.ts'
import { deliveriesOf } from '../jobs/deliveries.ts'
import { acceptedJob } from '../support/accepted-job.ts'
import { openTestFileBackend } from '../support/file-backend.ts'

const hourMs = 3_600_000

/** A file of jobs, and the deliveries of its call-backs. */
async function opened() {
  const backend = await openTestFileBackend()
  const deliveries = deliveriesOf(backend.callbacks)
  return {
    backend,
    deliveries,
    /** Puts the call-back of a job that has ended, and lets it die. */
    die: async (endedAtMs: number) => {
      const end = { ...job, state: 'done', endedAtMs, attempts: 1 } as const
      await backend.callbacks.put(callbackEntry(end, nowMs, hourMs))
      const { dead } = await backend.callbacks.depth()
      const { delivery, settle } = await deliveries.next()
      settle({ state: 'dead', reason: 'STATUS_410' })
      while ((await backend.callbacks.depth()).dead === dead) await delay(5)
      return delivery.id
    },
    [Symbol.asyncDispose]: () => backend[Symbol.asyncDispose](),
  }
}

const nowMs = Date.now()
const job = acceptedJob('job')
const lifeOf = (owner: string) => (owner === 'acme-erp' ? 3 * hourMs : undefined)

test('a call-back that is sent again has as long as its integration gives to call-backs', async () => {
  await using file = await opened()
  const { backend, deliveries } = file
  await backend.store.add(job)
  await backend.store.change('job', { state: 'done', endedAtMs: nowMs })
  const id = await file.die(nowMs)
  assert.equal(await redeliver('job', backend, nowMs, lifeOf), 'put back')
  const again = await deliveries.next()
  assert.equal(again.delivery.id, id)
  assert.equal(again.delivery.expiresAtMs, nowMs + 3 * hourMs)
  again.settle({ state: 'done' })
})

test('of a job that is not over nothing is told', async () => {
  await using file = await opened()
  await file.backend.store.add(job)
  assert.equal(await redeliver('job', file.backend, nowMs, lifeOf), 'not over')
  assert.equal((await file.backend.callbacks.depth()).waiting, 0)
})

test('of a job that has been forgotten the last end is told again, while its call-back is dead', async () => {
  await using file = await opened()
  const { backend, deliveries } = file
  assert.equal(await redeliver('job', backend, nowMs, lifeOf), 'no such job')
  await file.die(nowMs - 1_000)
  const last = await file.die(nowMs)
  assert.equal(await redeliver('job', backend, nowMs, lifeOf), 'put back')
  const again = await deliveries.next()
  assert.equal(again.delivery.id, last)
  again.settle({ state: 'done' })
})

test('all dead call-backs of a job are discarded, and those of others stay', async () => {
  await using file = await opened()
  const { backend } = file
  await file.die(nowMs - 1_000)
  await file.die(nowMs)
  assert.equal(await discardCallbacks('jo', backend), false)
  assert.equal((await backend.callbacks.depth()).dead, 2)
  assert.equal(await discardCallbacks('job', backend), true)
  assert.equal((await backend.callbacks.depth()).dead, 0)
})
