import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { pino } from 'pino'
import { Secret } from '../../src/contract/secret.ts'
import type { Ending, EntryRecords } from '../../src/jobs/rabbitmq/entry-records.ts'
import { openJobNotes } from '../../src/store/jobs/open-job-notes.ts'
import { startRedis, withClient } from '../support/redis.ts'
import { shared } from '../support/shared.ts'

const redis = await shared(startRedis())
const dayMs = 86_400_000
const lifeMs = 60_000

/** Records of a queue of its own. */
async function opened(queue: string) {
  const location = { url: new Secret(redis.url) }
  const notes = await openJobNotes(location, lifeMs, pino({ enabled: false }))
  return { records: notes.entriesOf(queue), [Symbol.asyncDispose]: async () => notes.close() }
}

function begin(
  records: EntryRecords,
  id: string,
  holder = 'holder',
  more: Partial<Parameters<EntryRecords['begin']>[1]> = {},
) {
  const unknown = { past: undefined, interruptedHolder: undefined }
  return records.begin(id, {
    ...{ holder, isRedelivered: false, ...unknown, putAtMs: 5, lifeMs },
    ...more,
  })
}

/** How a delivery ended, unless said otherwise as untouched and to be tried again at once. */
const ending: Ending = {
  ...{ state: 'waiting', attempts: 1, isInterrupted: false, isUntouched: true },
  ...{ dueAtMs: 0, reason: '' },
}

/** Milliseconds that the record of an entry is kept. */
function lifeOf(queue: string, id: string): Promise<number> {
  return withClient(redis.url, (client) => client.pttl(`magegate:queue:{${queue}}:entry:${id}`))
}

test('each record of an entry is kept for a time', async () => {
  await using open = await opened('lives')
  const { records } = open
  const isKept = async (id: string, mostMs: number) => {
    const keptMs = await lifeOf('lives', id)
    assert.ok(keptMs > 0 && keptMs <= mostMs, `${id} ${keptMs}`)
  }
  await records.note('noted', lifeMs)
  await isKept('noted', lifeMs)
  await begin(records, 'lost')
  await isKept('lost', lifeMs)
  await records.settle('lost', 'holder', { ...ending, state: 'over' }, 1_000)
  await isKept('lost', 1_000)
  await records.settle('lost-again', 'holder', ending, lifeMs)
  await isKept('lost-again', lifeMs)
})

test('an entry can be noted again until it is known to be in the queue, and a dead one only be put back', async () => {
  await using open = await opened('noted')
  const { records } = open
  assert.equal(await records.note('a', lifeMs), 'fresh')
  assert.equal(await records.note('a', lifeMs), 'fresh')
  await records.markPut('a', 1)
  assert.equal(await records.note('a', lifeMs), 'put')
  await begin(records, 'a')
  await records.settle('a', 'holder', { ...ending, state: 'dead' }, lifeMs)
  assert.deepEqual(await records.live(), { count: 0, oldestPutAtMs: undefined })
  assert.equal(await records.note('a', lifeMs), 'put')
  assert.equal(await records.revive('a', lifeMs), true)
  assert.equal(await records.note('a', lifeMs), 'fresh')
})

test('an entry that was delivered without a record of its having been put is in the queue', async () => {
  await using open = await opened('settled')
  const { records } = open
  await begin(records, 'a')
  assert.deepEqual(await records.live(), { count: 1, oldestPutAtMs: 5 })
  await records.settle('a', 'holder', ending, lifeMs)
  assert.equal(await records.note('a', lifeMs), 'put')
})

test('an entry that was cancelled counts as such whatever comes later, and is new when it is put again', async () => {
  await using open = await opened('cancelled')
  const { records } = open
  await records.note('a', lifeMs)
  await begin(records, 'a')
  const payload = Buffer.from('changed')
  await records.settle('a', 'holder', { ...ending, dueAtMs: Date.now() + dayMs, payload }, lifeMs)
  assert.equal((await begin(records, 'a')).state, 'early')
  assert.equal(await records.cancel('a'), 'cancelled')
  // Its process learns only now that it is in the queue.
  await records.markPut('a', 1)
  assert.deepEqual(await records.live(), { count: 0, oldestPutAtMs: undefined })
  assert.deepEqual(await records.cancelled(), ['a'])
  assert.deepEqual(await begin(records, 'a'), { state: 'cancelled' })
  assert.deepEqual(await records.cancelled(), [])
  assert.equal(await records.note('a', lifeMs), 'fresh')
  const begun = await begin(records, 'a')
  assert.deepEqual(begun, { state: 'begun', attempts: 1, isInterrupted: false })
})

test('that an entry was cancelled is forgotten in a week, though its message never comes', async (t) => {
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() })
  await using open = await opened('weeks')
  const { records } = open
  for (const id of ['old', 'new']) {
    await records.note(id, lifeMs)
    await records.markPut(id, 1)
    assert.equal(await records.cancel(id), 'cancelled')
    t.mock.timers.setTime(Date.now() + 7 * dayMs)
  }
  assert.deepEqual(await records.cancelled(), ['new'])
})

test('an attempt that a process begins again without having got the answer counts once', async () => {
  await using open = await opened('again')
  const { records } = open
  await records.note('a', lifeMs)
  const first = await begin(records, 'a')
  assert.deepEqual(await begin(records, 'a'), first)
  assert.deepEqual(first, { state: 'begun', attempts: 1, isInterrupted: false })
})

test('an entry that was delivered before may have begun, and cannot be cancelled, if its record is lost', async () => {
  await using open = await opened('lost')
  const { records } = open
  const begun = await begin(records, 'a', 'holder', { isRedelivered: true })
  assert.deepEqual(begun, { state: 'begun', attempts: 2, isInterrupted: true })
  await records.settle('a', 'holder', ending, lifeMs)
  assert.equal(await records.cancel('a'), 'begun')
  await begin(records, 'b')
  await records.settle('b', 'holder', ending, lifeMs)
  assert.equal(await records.cancel('b'), 'cancelled')
})

test('an entry of which something was once carried out, or may have been, cannot be cancelled any more', async () => {
  await using open = await opened('touched')
  const { records } = open
  for (const isInterrupted of [false, true]) {
    const id = String(isInterrupted)
    await begin(records, id, 'gone')
    const interruptedHolder = isInterrupted ? 'gone' : undefined
    if (!isInterrupted) await records.settle(id, 'gone', { ...ending, isUntouched: false }, lifeMs)
    const begun = await begin(records, id, 'holder', { interruptedHolder })
    assert.deepEqual(begun, { state: 'begun', attempts: 2, isInterrupted })
    await records.settle(id, 'holder', ending, lifeMs)
    assert.equal(await records.cancel(id), 'begun')
  }
})

test('an entry is taken over only from the process that has begun it last', async () => {
  await using open = await opened('taken')
  const { records } = open
  await begin(records, 'a', 'gone')
  const takeOver = (holder: string) => begin(records, 'a', holder, { interruptedHolder: 'gone' })
  assert.deepEqual(await takeOver('first'), { state: 'begun', attempts: 2, isInterrupted: true })
  assert.deepEqual(await takeOver('second'), { state: 'running', holder: 'first' })
})

test('nothing of its payload is kept of an entry that is over', async () => {
  await using open = await opened('over')
  const { records } = open
  await begin(records, 'a')
  await records.settle('a', 'holder', { ...ending, payload: Buffer.from('changed') }, lifeMs)
  await begin(records, 'a')
  await records.settle('a', 'holder', { ...ending, state: 'over' }, lifeMs)
  const kept = await withClient(redis.url, (client) =>
    client.hget('magegate:queue:{over}:entry:a', 'payload'),
  )
  assert.equal(kept, null)
})

test('processes count until they leave, or say nothing for too long, and are forgotten then', async () => {
  await using open = await opened('loads')
  const { records } = open
  const load = { waiting: 1, running: 2 }
  await records.beat('leaves', load, lifeMs)
  await records.beat('stays', load, lifeMs)
  await records.beat('dies', load, 1)
  while (await records.isAlive('dies')) await delay(5)
  await records.leave('leaves')
  assert.deepEqual(await records.loads(), [load])
  const known = await withClient(redis.url, (client) =>
    client.smembers('magegate:queue:{loads}:holders'),
  )
  assert.deepEqual(known, ['stays'])
})
