import assert from 'node:assert/strict'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { openJobs } from '../../../src/jobs/open-jobs.ts'
import { openFileBackend } from '../../../src/jobs/sqlite/open-file-backend.ts'
import { writeConfig } from '../../support/config-directory.ts'
import { gatewaySettings, globex, testEnv } from '../../support/gateway.ts'
import { startedProcess } from '../../support/gateway-process.ts'
import { problemOf, send, writeOf } from '../../support/http-client.ts'
import { startRawUpstream } from '../../support/raw-upstream.ts'
import { temporaryFolder } from '../../support/shared.ts'
import { jobTestRoutes, startJobsGateway } from '../jobs-gateway.ts'

// Each of them had waited for the file by itself: minutes, where they wait for it together now.
const most = { timeout: 60_000 }

test(
  'jobs are refused together while another process has their file locked, and taken when it is free',
  most,
  async () => {
    await using magento = await startRawUpstream()
    await using running = await startJobsGateway(magento.url)
    const { write } = running
    const other = new DatabaseSync(running.file)
    other.exec('BEGIN EXCLUSIVE')
    const body = { product: { sku: 'a' } }
    const answers = await Promise.all(Array.from({ length: 8 }, () => write({ body })))
    for (const answer of answers) {
      assert.equal(answer.status, 503)
      assert.equal(problemOf(answer).code, 'jobs-unavailable')
      assert.equal(answer.headers['retry-after'], '5')
    }
    other.exec('ROLLBACK')
    other.close()
    assert.equal(magento.requests.length, 0)
    const accepted = await write({ body })
    assert.equal(accepted.status, 202)
    assert.equal((await running.ended(accepted)).state, 'done')
    assert.equal(magento.requests.length, 1)
  },
)

test('a file that is locked is in the log once, however often it is tried', most, async () => {
  await using magento = await startRawUpstream(() => undefined)
  const folder = await temporaryFolder()
  const file = join(folder, 'jobs.sqlite')
  const options = { magentoUrl: magento.url, gateway: { jobs: { file } } }
  await using files = await writeConfig({
    gateway: gatewaySettings(options, join(folder, 'audit.jsonl')),
    integrations: { globex: { ...globex, policies: { routes: jobTestRoutes, jobs: {} } } },
  })
  const { url, stop } = await startedProcess(['start', '--config', files.path], testEnv)
  const other = new DatabaseSync(file)
  other.exec('PRAGMA busy_timeout = 10000; BEGIN EXCLUSIVE')
  // By then, several of the looks at it that are due every second have failed.
  for (let write = 0; write < 2; write += 1) {
    const refused = await send(
      url,
      writeOf('{"product":{"sku":"a"}}', { headers: { Prefer: 'respond-async' } }),
    )
    assert.equal(refused.status, 503)
  }
  other.exec('ROLLBACK')
  other.close()
  const { stderr } = await stop()
  assert.equal(stderr.match(/a job could not be stored, delivered or carried out/g)?.length, 1)
})

test(
  'looks at a file that are due while an earlier one waits for it do not pile up',
  most,
  async (t) => {
    t.mock.timers.enable({ apis: ['setInterval'] })
    const file = join(await temporaryFolder(), 'jobs.sqlite')
    const faults: unknown[] = []
    const onFault = (fault: unknown) => faults.push(fault)
    const backend = await openFileBackend({ file, keepMs: 1_000, keepDeadMs: 1_000 }, onFault)
    const nothing = () => undefined
    const jobs = openJobs(
      backend,
      { concurrency: 1, maxWaiting: 1, retry: { firstMs: 1, longestMs: 1 } },
      {
        ...{ clock: Date.now, random: Math.random, onFault, recordEnd: async () => undefined },
        ...{ countAttempt: nothing, countAccepted: nothing, countEnd: nothing },
      },
    )
    t.after(async () => {
      await jobs.stop(1_000)
      await jobs.close()
    })
    using other = new DatabaseSync(file)
    other.exec('BEGIN EXCLUSIVE')
    t.mock.timers.tick(10_000)
    // It comes after all that is due by now, and waits for the file together with them.
    await assert.rejects(backend.jobs.cancel('a'))
    await turn()
    // How many jobs wait, which are to be taken over, whether the file is there, and what is old.
    assert.equal(faults.length, 4)
    other.exec('ROLLBACK')
    t.mock.timers.tick(1_000)
    assert.equal(await backend.jobs.cancel('a'), 'absent')
    assert.equal(faults.length, 4)
  },
)

test('jobs and dead letters can be listed while another process has their file locked', async (t) => {
  // Nothing else is done with the file meanwhile.
  t.mock.timers.enable({ apis: ['setInterval'] })
  const file = join(await temporaryFolder(), 'jobs.sqlite')
  const onFault = (fault: unknown) => assert.fail(String(fault))
  const backend = await openFileBackend({ file, keepMs: 1_000, keepDeadMs: 1_000 }, onFault)
  t.after(() => backend.close())
  using other = new DatabaseSync(file)
  other.exec('BEGIN EXCLUSIVE')
  assert.deepEqual(await backend.store.list({ limit: 1 }), [])
  assert.deepEqual(await backend.jobs.listDead({ limit: 1 }), [])
  assert.equal(await backend.store.get('a'), undefined)
  assert.deepEqual(await backend.store.results('a'), [])
  other.exec('ROLLBACK')
})
