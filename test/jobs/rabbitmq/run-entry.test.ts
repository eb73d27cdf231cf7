import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pino } from 'pino'
import { Secret } from '../../../src/contract/secret.ts'
import type { HandleDelivery, Settlement } from '../../../src/jobs/durable-queue.ts'
import type { EntryRecords } from '../../../src/jobs/rabbitmq/entry-records.ts'
import { type RunSettings, runEntry } from '../../../src/jobs/rabbitmq/run-entry.ts'
import { openJobNotes } from '../../../src/store/jobs/open-job-notes.ts'
import { startRedis } from '../../support/redis.ts'
import { shared } from '../../support/shared.ts'

const redis = await shared(startRedis())
const nowMs = Date.now()
const lifeMs = 600_000

async function openRecords() {
  const location = { url: new Secret(redis.url) }
  const notes = await openJobNotes(location, lifeMs, pino({ enabled: false }))
  return { records: notes.entriesOf('jobs'), [Symbol.asyncDispose]: async () => notes.close() }
}

/** Runs an entry as one process that has got its message, and tells what became of it. */
async function run(
  id: string,
  holder: string,
  records: EntryRecords,
  handle: HandleDelivery,
  more: Partial<RunSettings> = {},
) {
  const buried: string[] = []
  const entry = {
    ...{ id, owner: 'acme-erp', payload: Buffer.from('payload') },
    ...{ putAtMs: nowMs, expiresAtMs: nowMs + lifeMs },
  }
  const receipt = {
    acknowledge: () => undefined,
    giveBack: () => undefined,
    isVoid: () => false,
  }
  const state = { isRedelivered: false, isUnderWay: true, isUnanswered: false }
  const held = { entry, receipt, ...state, dueAtMs: 0, heldSince: 0 }
  const fate = await runEntry(held, {
    ...{ records, holder, handle, keepDeadMs: lifeMs, clock: Date.now },
    bury: async (letter) => void buried.push(letter.id),
    onFault: assert.ifError,
    signal: new AbortController().signal,
    end: new AbortController().signal,
    ...more,
  })
  return { fate, buried }
}

async function put(id: string, records: EntryRecords): Promise<void> {
  await records.note(id, lifeMs)
  await records.markPut(id, nowMs)
}

const dead: Settlement = { state: 'dead', reason: 'STATUS_400' }

test('an entry that a living process has begun is begun by no other', async () => {
  await using opened = await openRecords()
  const { records } = opened
  await put('living', records)
  await records.beat('alive', { waiting: 0, running: 1 }, lifeMs)
  const { fate } = await run('living', 'alive', records, async () => {
    const other = await run('living', 'second', records, () => assert.fail('it was begun twice'))
    assert.equal(other.fate.is, 'waiting')
    return { state: 'done' }
  })
  assert.equal(fate.is, 'over')
})

test('an entry that another process has begun meanwhile is left to it, and is no dead letter', async () => {
  await using opened = await openRecords()
  const { records } = opened
  await put('taken', records)
  // Neither process says that it is alive, so that the second one takes the entry from the first.
  const first = await run('taken', 'first', records, async () => {
    const second = await run('taken', 'second', records, async () => ({ state: 'done' }))
    assert.equal(second.fate.is, 'over')
    return dead
  })
  assert.equal(first.fate.is, 'waiting')
  assert.deepEqual(first.buried, [])
  const again = await run('taken', 'first', records, () => assert.fail('it is over'))
  assert.equal(again.fate.is, 'over')
})

test('an entry whose process ended before its dead letter was kept becomes one all the same', async () => {
  await using opened = await openRecords()
  const { records } = opened
  await put('unburied', records)
  const away = { bury: () => Promise.reject(new Error('away')), onFault: () => undefined }
  const ending = run('unburied', 'first', records, async () => dead, {
    ...away,
    end: AbortSignal.abort(),
  })
  await assert.rejects(ending, { name: 'AbortError' })
  const next = await run('unburied', 'second', records, () => assert.fail('it is dead'))
  assert.deepEqual([next.fate.is, next.buried], ['over', ['unburied']])
})

test('an entry of which nobody knows what was done never counts as untouched again', async () => {
  await using opened = await openRecords()
  const { records } = opened
  await put('interrupted', records)
  await run('interrupted', 'first', records, async () => {
    const { fate } = await run('interrupted', 'second', records, async ({ isInterrupted }) => {
      assert.equal(isInterrupted, true)
      return { state: 'retry', atMs: 0, reason: 'BUSY', isUntouched: true }
    })
    assert.ok(fate.is === 'waiting')
    assert.deepEqual(fate.entry?.past, { attempts: 2, isInterrupted: true, isUntouched: false })
    assert.equal(await records.cancel('interrupted'), 'begun')
    return dead
  })
})

test('an entry keeps the payload that another process gave it, though Redis forgets that meanwhile', async () => {
  await using opened = await openRecords()
  const { records } = opened
  await put('changed', records)
  const retry = { state: 'retry', atMs: 0, reason: 'OPEN', isUntouched: false } as const
  const payload = Buffer.from('changed')
  await run('changed', 'first', records, async () => ({ ...retry, payload }))
  await run('changed', 'second', records, async () => {
    await records.forget('changed')
    return retry
  })
  await run('changed', 'third', records, async (delivery) => {
    assert.deepEqual(delivery.payload, payload)
    return { state: 'done' }
  })
})
