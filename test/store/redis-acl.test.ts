import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { pino } from 'pino'
import { Secret } from '../../src/contract/secret.ts'
import { openJobNotes } from '../../src/store/jobs/open-job-notes.ts'
import { acceptedJob } from '../support/accepted-job.ts'
import {
  chargeOn,
  concurrencyOf,
  decide,
  openTestStore,
  quotaOf,
  rateOf,
  type TestStore,
} from '../support/limits.ts'
import { startRedis, withClient } from '../support/redis.ts'

const page = await readFile(join(import.meta.dirname, '../../docs/redis.md'), 'utf8')
const command = /^ACL SETUSER .*$/m.exec(page)?.[0].split(' ') ?? []

test('the user of docs/redis.md may do what the gateway does, and nothing else', async () => {
  await using redis = await startRedis()
  await withClient(redis.url, (client) => client.call('ACL', ...command.slice(1)))
  const url = new Secret(`redis://magegate:PASSWORD@127.0.0.1:${redis.port}/1`)
  using opened = await openTestStore({ url }, { deadlineMs: 5_000 })
  await useAll(opened)
  await useJobs(url)
  assert.deepEqual(opened.lines, [])
  await withClient(redis.url, async (client) => {
    // What the client says about itself is a command of later versions, and need not be allowed.
    const refused = ((await client.call('ACL', 'LOG')) as unknown[][]).filter(
      (entry) => !entry.some((field) => String(field).startsWith('client|')),
    )
    assert.deepEqual(refused, [])
  })
  await withClient(url.reveal(), async (client) => {
    await assert.rejects(client.get('session'), /NOPERM/)
    await assert.rejects(client.flushall(), /NOPERM/)
    await assert.rejects(client.config('GET', '*'), /NOPERM/)
  })
})

async function useAll({ store }: TestStore): Promise<void> {
  assert.equal(await store.useNonce('a', 'nonce', 60_000), 'fresh')
  const charge = chargeOn([rateOf(1, 3600, 4), quotaOf(100, 'day'), concurrencyOf(2)])
  const decision = await decide(store, charge)
  decision.release?.()
  const { takeKey, answers } = store
  const taken = await takeKey('acme-erp', 'key', 'print', 60_000)
  assert.ok(taken.state === 'fresh')
  await taken.finish('not kept')
  assert.equal((await takeKey('acme-erp', 'key', 'print', 60_000)).state, 'over')
  const { ticket = '' } = await answers.find('answer', ['tag'])
  answers.keep('answer', ['tag'], ticket, { selectedBy: [] }, 60_000)
  assert.deepEqual((await answers.find('answer', ['tag'])).kept, { selectedBy: [] })
  await answers.drop(['tag'], 1_000)
}

async function useJobs(url: Secret): Promise<void> {
  const notes = await openJobNotes({ url }, 60_000, pino({ enabled: false }))
  using _ = { [Symbol.dispose]: notes.close }
  const entries = notes.entriesOf('jobs')
  const attempt = {
    holder: 'process',
    isRedelivered: false,
    past: undefined,
    interruptedHolder: undefined,
    putAtMs: 1,
    lifeMs: 60_000,
  }
  assert.equal(await entries.note('job', 60_000), 'fresh')
  await entries.markPut('job', 1)
  assert.equal((await entries.begin('job', attempt)).state, 'begun')
  const ending = { attempts: 1, isInterrupted: false, isUntouched: false, dueAtMs: 0, reason: '' }
  assert.ok(await entries.settle('job', 'process', { ...ending, state: 'dead' }, 60_000))
  assert.ok(await entries.revive('job', 60_000))
  await entries.markPut('job', 1)
  assert.equal(await entries.cancel('job'), 'cancelled')
  assert.deepEqual(await entries.cancelled(), ['job'])
  await entries.forget('job')
  await entries.beat('process', { waiting: 0, running: 0 }, 60_000)
  assert.ok(await entries.isAlive('process'))
  assert.equal((await entries.loads()).length, 1)
  assert.equal((await entries.live()).count, 0)
  await entries.leave('process')
  const { store } = notes
  await store.add(acceptedJob('job'))
  await store.change('job', { state: 'running', failure: undefined })
  await store.putResults('job', 0, [{ success: true }])
  assert.equal((await store.results('job')).length, 1)
  assert.equal((await store.list({ owner: 'acme-erp', state: undefined, limit: 1 })).length, 1)
}
