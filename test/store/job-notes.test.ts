import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { pino } from 'pino'
import { Secret } from '../../src/contract/secret.ts'
import type { AskRedis } from '../../src/store/ask-redis.ts'
import { openJobNotes } from '../../src/store/jobs/open-job-notes.ts'
import { redisJobStore } from '../../src/store/jobs/redis-job-store.ts'
import { openRedisClient } from '../../src/store/redis-client.ts'
import { acceptedJob } from '../support/accepted-job.ts'
import { startRedis, withClient } from '../support/redis.ts'
import { shared } from '../support/shared.ts'

const redis = await shared(startRedis())
const yearMs = 365 * 86_400_000

test('a job is listed for as long as it can be seen, also if none is added for a year', async () => {
  await using other = await startRedis()
  await using stack = new AsyncDisposableStack()
  const location = { url: new Secret(other.url) }
  const notes = await openJobNotes(location, yearMs, pino({ enabled: false }))
  stack.defer(notes.close)
  await notes.store.add(acceptedJob('slow', { expiresAtMs: Date.now() + yearMs }))
  // The job is looked at last, so that it has less time left and not more.
  const lives = await withClient(other.url, (client) =>
    Promise.all(
      ['magegate:jobs', 'magegate:jobs:of:acme-erp', 'magegate:job:{slow}'].map((key) =>
        client.pttl(key),
      ),
    ),
  )
  const [job = 0, ...lists] = lives.reverse()
  for (const list of lists) assert.ok(list >= job && job > 2 * yearMs, `${list} ${job}`)
})

const hourMs = 3_600_000
const weekMs = 7 * 24 * hourMs

/** Opens the notes of jobs that can be seen for an hour. */
async function opened() {
  const location = { url: new Secret(redis.url) }
  const notes = await openJobNotes(location, hourMs, pino({ enabled: false }))
  return {
    store: notes.store,
    entriesOf: notes.entriesOf,
    /** How long a job and its results are kept at present, in hours. */
    hoursOf: (id: string) =>
      withClient(redis.url, async (client) => {
        const lives = [`magegate:job:{${id}}`, `magegate:job:{${id}}:results`].map(async (key) =>
          Math.ceil((await client.pttl(key)) / hourMs),
        )
        return Promise.all(lives)
      }),
    [Symbol.asyncDispose]: async () => notes.close(),
  }
}

test('a job is kept for a week longer than it is tried, and from its end on for as long as it can be seen', async () => {
  await using notes = await opened()
  const { store, hoursOf } = notes
  const week = weekMs / hourMs
  const expiresAtMs = Date.now() + 3 * hourMs
  await store.add(acceptedJob('life', { expiresAtMs }))
  await store.putResults('life', 0, [{ success: true, sku: 'a' }])
  assert.deepEqual(await hoursOf('life'), [week + 4, week + 4])
  // However long it waits for its next attempt.
  await store.change('life', { state: 'running', attempts: 1 })
  await store.change('life', { state: 'waiting', nextAttemptAtMs: expiresAtMs })
  await store.change('life', { progress: { total: 1, done: 1, failed: 0 } })
  assert.deepEqual(await hoursOf('life'), [week + 4, week + 4])
  await store.change('life', { state: 'done', endedAtMs: Date.now() })
  assert.deepEqual(await hoursOf('life'), [1, 1])
  // Put back.
  await store.change('life', { state: 'waiting', expiresAtMs, endedAtMs: undefined })
  assert.deepEqual(await hoursOf('life'), [week + 4, week + 4])
})

test('a job is added once, and nothing is kept of one that is not there', async () => {
  await using notes = await opened()
  const { store } = notes
  await store.add(acceptedJob('once'))
  await store.change('once', { state: 'done', endedAtMs: Date.now() })
  await store.add(acceptedJob('once'))
  assert.equal((await store.get('once'))?.state, 'done')
  await store.change('absent', { state: 'running' })
  await store.putResults('absent', 0, [{ success: true, sku: 'a' }])
  const kept = await withClient(redis.url, (client) => client.keys('*absent*'))
  assert.deepEqual(kept, [])
})

test('a list leads past any number of other jobs', async () => {
  await using notes = await opened()
  const { store } = notes
  const owner = 'many-erp'
  const ids = Array.from({ length: 201 }, (_, index) => `many-${index}`)
  await Promise.all(
    ids.map((id, index) => store.add(acceptedJob(id, { owner, acceptedAtMs: 1_000 + index }))),
  )
  await store.change('many-0', { state: 'running' })
  const running = await store.list({ owner, state: 'running', limit: 1 })
  assert.deepEqual(
    running.map(({ id }) => id),
    ['many-0'],
  )
})

test('a list loses the jobs that are not there any more, however many older ones are', async () => {
  await using notes = await opened()
  const { store } = notes
  const owner = 'patient-erp'
  const add = async (id: string, acceptedAtMs: number) =>
    store.add(acceptedJob(id, { owner, acceptedAtMs }))
  for (let index = 0; index < 40; index += 1) await add(`patient-${index}`, index)
  await withClient(redis.url, async (client) => {
    const gone = Array.from({ length: 30 }, (_, index) => `patient-${index + 10}`)
    await client.del(...gone.map((id) => `magegate:job:{${id}}`))
    for (let index = 0; index < 60; index += 1) await add(`later-${index}`, 100 + index)
    const listed = new Set(await client.zrange(`magegate:jobs:of:${owner}`, '0', '-1'))
    // Which ones are looked at is chance: of these 30 about one is still there.
    assert.ok(gone.filter((id) => listed.has(id)).length < 15)
    assert.equal(listed.isSupersetOf(new Set(['patient-0', 'patient-9', 'later-59'])), true)
  })
})

test('a job is listed once, also where others are added meanwhile', async () => {
  await using stack = new AsyncDisposableStack()
  const client = openRedisClient({ url: new Secret(redis.url) }, 1_000)
  stack.defer(() => client.disconnect())
  await once(client, 'ready')
  const owner = 'busy-erp'
  let meanwhile: (() => Promise<void>) | undefined
  const ask: AskRedis = async (_key, command) => {
    const answer = await command()
    const act = meanwhile
    meanwhile = undefined
    await act?.()
    return answer
  }
  const store = redisJobStore(client, ask, hourMs, Date.now, () => undefined)
  const ids = Array.from({ length: 30 }, (_, index) => `busy-${index}`)
  for (const [acceptedAtMs, id] of ids.entries()) {
    await store.add(acceptedJob(id, { owner, acceptedAtMs }))
  }
  meanwhile = () => store.add(acceptedJob('busy-new', { owner, acceptedAtMs: 30 }))
  const listed = await store.list({ owner, limit: 100 })
  assert.deepEqual(
    listed.map(({ id }) => id),
    ids.toReversed(),
  )
})

test('a job that somebody has changed to what is not understood counts as lost, and is named', async () => {
  const lines: string[] = []
  const log = pino({ base: null }, { write: (line) => lines.push(line) })
  await using stack = new AsyncDisposableStack()
  const notes = await openJobNotes({ url: new Secret(redis.url) }, hourMs, log)
  stack.defer(notes.close)
  const { store } = notes
  const owner = 'changed-erp'
  const changed = {
    state: 'done',
    id: '7',
    owner: 'null',
    acceptedAtMs: '1e300',
    endedAtMs: '"yesterday"',
    answer: '{"status":200,"body":8}',
    attempts: 'secret of an answer',
  }
  const ids = Object.keys(changed).map((name) => `changed-${name}`)
  await withClient(redis.url, async (client) => {
    for (const [name, text] of Object.entries(changed)) {
      await store.add(acceptedJob(`changed-${name}`, { owner, acceptedAtMs: 1 }))
      await client.hset(`magegate:job:{changed-${name}}`, name, text)
    }
    await store.add(acceptedJob('whole', { owner, acceptedAtMs: 2 }))
    await store.putResults('whole', 0, [{ success: true, sku: 'a' }])
    await client.hset('magegate:job:{whole}:results', '1', 'broken')
  })
  const listed = await store.list({ owner, limit: 99 })
  assert.deepEqual(
    listed.map(({ id }) => id),
    ['whole'],
  )
  for (const id of ids) assert.equal(await store.get(id), undefined)
  assert.deepEqual(await store.results('whole'), [{ success: true, sku: 'a' }])
  const said = lines.map((line) => JSON.parse(line))
  assert.deepEqual(new Set(said.map(({ jobId }) => jobId)), new Set(ids))
  assert.equal(said[0].msg, 'what Redis holds of a job is not understood')
  assert.doesNotMatch(lines.join(''), /secret/)
})

test('jobs are added and listed without reading the answers of others', async () => {
  await using notes = await opened()
  const { store } = notes
  const owner = 'talkative-erp'
  await store.add(acceptedJob('talkative', { owner, acceptedAtMs: 1 }))
  const body = Buffer.alloc(1_048_576)
  const answer = { status: 200, contentType: 'application/json', body }
  await store.change('talkative', { state: 'done', endedAtMs: Date.now(), answer })
  const sentBytes = () =>
    withClient(redis.url, async (client) => {
      const [, bytes] = /total_net_output_bytes:(\d+)/.exec(await client.info('stats')) ?? []
      return Number(bytes)
    })
  const before = await sentBytes()
  await store.add(acceptedJob('next', { owner }))
  const addedBytes = (await sentBytes()) - before
  const [listed] = await store.list({ owner, limit: 1 })
  const listedBytes = (await sentBytes()) - before - addedBytes
  assert.equal(listed?.id, 'next')
  assert.ok(addedBytes < body.length, String(addedBytes))
  assert.ok(listedBytes < body.length, String(listedBytes))
})

test('only an entry that was in the queue is remembered among the cancelled ones, which all processes read again and again', async () => {
  await using notes = await opened()
  const entries = notes.entriesOf('jobs')
  await entries.note('refused by the broker', hourMs)
  assert.equal(await entries.cancel('refused by the broker'), 'cancelled')
  await entries.note('in the queue', hourMs)
  await entries.markPut('in the queue', 1)
  assert.equal(await entries.cancel('in the queue'), 'cancelled')
  assert.deepEqual(await entries.cancelled(), ['in the queue'])
})
