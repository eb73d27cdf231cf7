import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pino } from 'pino'
import { Secret } from '../../src/contract/secret.ts'
import { openJobNotes } from '../../src/store/jobs/open-job-notes.ts'
import { accepted } from '../jobs/store-contract.ts'
import { startRedis, withClient } from '../support/redis.ts'

const yearMs = 365 * 86_400_000

test('a job is listed for as long as it can be seen, also if none is added for a year', async () => {
  await using redis = await startRedis()
  await using stack = new AsyncDisposableStack()
  const location = { url: new Secret(redis.url) }
  const notes = await openJobNotes(location, yearMs, pino({ enabled: false }))
  stack.defer(notes.close)
  await notes.store.add(accepted('slow', { expiresAtMs: Date.now() + yearMs }))
  const [job = 0, ...lists] = await withClient(redis.url, (client) =>
    Promise.all(
      ['magegate:job:{slow}', 'magegate:jobs', 'magegate:jobs:of:acme-erp'].map((key) =>
        client.pttl(key),
      ),
    ),
  )
  for (const list of lists) assert.ok(list >= job && job > 2 * yearMs, `${list} ${job}`)
})
