import assert from 'node:assert/strict'
import { access } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { Webhook } from 'standardwebhooks'
import { openFileBackend } from '../../src/jobs/sqlite/open-file-backend.ts'
import { entryOf } from '../jobs/deliveries.ts'
import { jobTestRoutes, startJobsGateway } from '../jobs/jobs-gateway.ts'
import { callbackEnv, callbackTo } from '../support/callbacks.ts'
import { writeConfig } from '../support/config-directory.ts'
import { freePort } from '../support/free-port.ts'
import { gatewaySettings, globex, testEnv } from '../support/gateway.ts'
import { runCommand } from '../support/gateway-process.ts'
import { runHosted } from '../support/hosted-command.ts'
import { startMagento } from '../support/magento-for-tests.ts'
import { scrapeUntil } from '../support/metrics.ts'
import { shared, temporaryFolder } from '../support/shared.ts'
import { startReceiver, status } from '../support/webhook-receiver.ts'

const folder = await temporaryFolder()
const magento = await shared(startMagento())
const receiver = await shared(startReceiver())
// Longer than what holds where a route says nothing.
const jobRules = { 'POST /V1/products': { expiryMinutes: 2_880 } }
const policies = { routes: jobTestRoutes, jobs: jobRules }
const called = { ...globex, policies, callback: callbackTo(receiver.url) }
const jobs = await shared(
  startJobsGateway(magento.url, {}, { integrations: [called], env: callbackEnv }),
)
const files = await shared(configOf(jobs.file, called))

/** A configuration with jobs in a file. */
function configOf(file: string, integration: object) {
  const options = { magentoUrl: magento.url, gateway: { jobs: { file } } }
  return writeConfig({
    gateway: gatewaySettings(options, join(folder, 'audit.jsonl')),
    integrations: { globex: integration },
  })
}

const run = (...args: string[]) =>
  runHosted(['jobs', ...args, '--config', files.path], { ...testEnv, ...callbackEnv })
const product = { product: { sku: '24-MB01', price: 35 } }

test('a dead job is listed with its cause, and put back it is carried out', async () => {
  await magento.setFault({ kind: 'reset-mid-body' })
  // A terminal could take U+009B for the beginning of a command.
  const name = 'Bag \u009b31m'
  const accepted = await jobs.write({ body: { product: { ...product.product, name } } })
  const { jobId } = JSON.parse(accepted.body)
  const failed = await jobs.ended(accepted)
  assert.equal(failed.state, 'failed')
  await magento.clearFault()
  const dead = await run('dead')
  assert.match(dead.stdout, new RegExp(`${jobId} .* globex-pim .*upstream-failed`))
  const listed = await run('list', '--state', 'failed')
  assert.match(listed.stdout, new RegExp(`${jobId} .*failed .*POST /V1/products .*upstream-failed`))
  assert.equal((await run('list', '--state', 'done')).stdout, '')
  const ofOwner = (name: string) => run('list', '--integration', name)
  assert.equal((await ofOwner('globex-pim')).stdout, listed.stdout)
  assert.equal((await ofOwner('acme-erp')).stdout, '')
  const retried = await run('retry', jobId)
  assert.equal(retried.exitCode, 0, retried.stderr)
  const job = await jobs.ended(accepted)
  assert.equal(job.state, 'done')
  assert.equal(job.failure, undefined)
  assert.equal(job.attempts, 1)
  assert.ok(job.expiresAt > failed.expiresAt)
  assert.equal((await run('dead')).stdout, '')
  const again = await run('retry', jobId)
  assert.equal(again.exitCode, 1)
  assert.match(again.stderr, /is not among the dead jobs/)
  assert.equal((await jobs.show(accepted)).state, 'done')
  const shown = await run('show', jobId)
  assert.equal(JSON.parse(shown.stdout).integration, 'globex-pim')
  assert.equal(JSON.parse(shown.stdout).state, 'done')
  assert.equal(JSON.parse(shown.stdout).answer.body.name, name)
  assert.ok(!shown.stdout.includes('\u009b'))
  const [line = ''] = (await run('list', '--state', 'done', '--json')).stdout.split('\n')
  const view = JSON.parse(shown.stdout)
  delete view.answer.body
  assert.deepEqual(JSON.parse(line), view)
})

test('a job that waits is cancelled, which is recorded and told to its owner', async () => {
  await magento.setFault({ kind: 'maintenance' })
  const accepted = await jobs.write({ body: product })
  const { jobId } = JSON.parse(accepted.body)
  let cancelled = await run('cancel', jobId)
  // An attempt may be under way just then.
  while (/has begun/.test(cancelled.stderr)) cancelled = await run('cancel', jobId)
  assert.equal(cancelled.exitCode, 0, cancelled.stderr)
  assert.equal((await jobs.show(accepted)).state, 'cancelled')
  await magento.clearFault()
  await scrapeUntil(
    jobs.gateway,
    ({ value }) =>
      value('magegate_jobs_ended_total{integration="globex-pim",state="cancelled"}') === 1,
  )
  const records = (await jobs.gateway.auditText()).split('\n').filter((line) => line !== '')
  const ends = records
    .map((line) => JSON.parse(line))
    .filter(({ event, jobIds }) => event === 'job-ended' && jobIds.includes(jobId))
  assert.deepEqual(
    ends.map(({ reason }) => reason),
    ['job cancelled'],
  )
  const webhook = (await toldOf(jobId)).at(-1)
  const message = new Webhook(callbackEnv.WEBHOOK_SECRET).verify(
    webhook?.body ?? '',
    webhook?.headers ?? {},
  )
  assert.equal((message as { type: string }).type, 'job.cancelled')
  assert.equal((await run('cancel', jobId)).exitCode, 1)
})

test('dead letters are forgotten, of jobs and of call-backs', async () => {
  receiver.answerWith(status(410))
  await magento.setFault({ kind: 'reset-mid-body' })
  const { jobId } = JSON.parse((await jobs.write({ body: product })).body)
  const areDead = (count: number) =>
    scrapeUntil(
      jobs.gateway,
      ({ value }) =>
        value('magegate_jobs{state="dead"}') === count &&
        value('magegate_callbacks{state="dead"}') === count,
    )
  await areDead(1)
  await magento.clearFault()
  const newest = await run('list', '--limit', '1')
  assert.match(newest.stdout, new RegExp(`^\\S+  ${jobId}  .*\n$`))
  const dead = await run('dead', '--callbacks')
  assert.match(dead.stdout, new RegExp(`msg_${jobId}_\\d+ .* globex-pim .*STATUS_410`))
  const callback = await run('discard', jobId, '--callbacks')
  assert.equal(callback.stdout, `${jobId} was discarded\n`)
  const job = await run('discard', '--all')
  assert.equal(job.stdout, `${jobId} was discarded\n`)
  await areDead(0)
  // It is not shown as waiting for an attempt that nobody makes.
  assert.equal((await run('retry', jobId)).exitCode, 1)
  assert.equal(JSON.parse((await run('show', jobId)).stdout).state, 'failed')
})

/** The call-backs of a job, once there is one. */
async function toldOf(jobId: string) {
  for (let count = 1; ; count += 1) {
    const received = await receiver.arrived(count)
    const ofJob = received.filter(({ body }) => body.includes(jobId))
    if (ofJob.length > 0) return ofJob
  }
}

test('what others have put into a queue controls no terminal, and looks like no line of its own', async () => {
  const keeping = { keepMs: 3_600_000, keepDeadMs: 3_600_000 }
  const backend = await openFileBackend({ file: jobs.file, ...keeping }, assert.ifError)
  await backend.jobs.put(entryOf('odd\u001b[2J\nid', { owner: 'acme\u0007\r\nerp' }))
  await backend.close()
  let dead = await run('dead')
  while (dead.stdout === '') dead = await run('dead')
  assert.match(dead.stdout, /^\S+ {2}odd\?\[2J\?id {2}1x {2}acme\?\?\?erp {2}defect: TypeError\n$/)
  const discarded = await run('discard', '--all')
  assert.equal(discarded.stdout, 'odd?[2J?id was discarded\n')
  const again = await run('discard', 'odd\u001b[2J\nid')
  assert.equal(again.stderr, 'jobs: odd?[2J?id is not among the dead jobs\n')
})

test('a command that is not understood says what is', async () => {
  const { exitCode, stderr } = await run('list', '--state', 'lost')
  assert.equal(exitCode, 2)
  assert.match(stderr, /waiting, running, done/)
  for (const command of ['retry', 'discard']) {
    assert.match((await run(command, 'x', '--all')).stderr, /expected either IDs of .* or --all/)
  }
})

test('a missing file of jobs is reported, and no empty one is created', async () => {
  const file = join(folder, 'elsewhere.sqlite')
  await using elsewhere = await configOf(file, globex)
  const dead = await runHosted(['jobs', 'dead', '--config', elsewhere.path], testEnv)
  assert.equal(dead.exitCode, 1)
  assert.ok(dead.stderr.includes(`${file} does not exist`), dead.stderr)
  await assert.rejects(access(file), { code: 'ENOENT' })
})

test('a file of jobs that cannot be reached is not reported as missing', async () => {
  const file = join(jobs.file, 'jobs.sqlite')
  await using elsewhere = await configOf(file, globex)
  const { exitCode, stderr } = await runHosted(
    ['jobs', 'list', '--config', elsewhere.path],
    testEnv,
  )
  assert.equal(exitCode, 1)
  assert.equal(stderr, `jobs: the file of jobs ${file} cannot be used (ENOTDIR)\n`)
})

test('where RabbitMQ and Redis are away, it is told why', async () => {
  const settings = gatewaySettings({ magentoUrl: magento.url }, join(folder, 'audit.jsonl'))
  await using elsewhere = await writeConfig({
    gateway: { ...settings, jobs: { rabbitmq: 'env:AMQP_URL' }, store: { redis: 'env:REDIS_URL' } },
    integrations: { globex },
  })
  const port = await freePort()
  const { exitCode, stderr } = await runCommand(['jobs', 'dead', '--config', elsewhere.path], {
    ...testEnv,
    AMQP_URL: `amqp://magegate:amqp-password-6b2f@127.0.0.1:${port}`,
    REDIS_URL: `redis://:redis-password-0c4d@127.0.0.1:${port}`,
  })
  assert.equal(exitCode, 1)
  assert.deepEqual(stderr.trimEnd().split('\n'), [
    'jobs: redis is away: jobs are not shared (ECONNREFUSED)',
    'jobs: rabbitmq is away: jobs are neither accepted nor sent (ECONNREFUSED)',
    'jobs: RabbitMQ cannot be used (BROKER_AWAY)',
  ])
})

test('jobs redeliver refuses an integration without a configured call-back', async () => {
  const accepted = await jobs.write({ body: product })
  assert.equal((await jobs.ended(accepted)).state, 'done')
  await using uncalled = await configOf(jobs.file, globex)
  const { jobId } = JSON.parse(accepted.body)
  const again = await runHosted(['jobs', 'redeliver', jobId, '--config', uncalled.path], testEnv)
  assert.equal(again.exitCode, 1)
  assert.match(again.stderr, /its integration has no callback configured/)
})
