import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { type JobsGateway, startJobsGateway } from '../jobs/jobs-gateway.ts'
import { type ConfigDirectory, writeConfig } from '../support/config-directory.ts'
import { gatewaySettings, globex, testEnv } from '../support/gateway.ts'
import { runCommand } from '../support/gateway-process.ts'
import type { MagentoStandIn } from '../support/magento/stand-in.ts'
import { startMagento } from '../support/magento-for-tests.ts'

let magento: MagentoStandIn
let jobs: JobsGateway
let files: ConfigDirectory
let folder: string
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'magegate-cli-'))
  magento = await startMagento()
  jobs = await startJobsGateway(magento.url)
  const gateway = { jobs: { file: jobs.file } }
  files = await writeConfig({
    gateway: gatewaySettings({ magentoUrl: magento.url, gateway }, join(folder, 'audit.jsonl')),
    integrations: { globex },
  })
})
after(async () => {
  await jobs[Symbol.asyncDispose]()
  await files[Symbol.asyncDispose]()
  await magento.close()
  await rm(folder, { recursive: true })
})

const run = (...args: string[]) => runCommand(['jobs', ...args, '--config', files.path], testEnv)
const product = { product: { sku: '24-MB01', price: 35 } }

test('a dead job is listed with its cause, and put back it is carried out', async () => {
  await magento.setFault({ kind: 'reset-mid-body' })
  const accepted = await jobs.write({ body: product })
  const { jobId } = JSON.parse(accepted.body)
  assert.equal((await jobs.ended(accepted)).state, 'failed')
  await magento.clearFault()
  const dead = await run('dead')
  assert.match(dead.stdout, new RegExp(`${jobId} .* globex-pim .*upstream-failed`))
  const listed = await run('list', '--state', 'failed')
  assert.match(listed.stdout, new RegExp(`${jobId} .*failed .*POST /V1/products .*upstream-failed`))
  const retried = await run('retry', jobId)
  assert.equal(retried.exitCode, 0, retried.stderr)
  const job = await jobs.ended(accepted)
  assert.equal(job.state, 'done')
  assert.equal(job.failure, undefined)
  assert.equal((await run('dead')).stdout, '')
  const again = await run('retry', jobId)
  assert.equal(again.exitCode, 1)
  assert.match(again.stderr, /is no dead letter/)
  assert.equal((await jobs.show(accepted)).state, 'done')
  const shown = await run('show', jobId)
  assert.equal(JSON.parse(shown.stdout).integration, 'globex-pim')
  assert.equal(JSON.parse(shown.stdout).state, 'done')
})

test('a job that waits is cancelled', async () => {
  await magento.setFault({ kind: 'maintenance' })
  const accepted = await jobs.write({ body: product })
  const { jobId } = JSON.parse(accepted.body)
  let cancelled = await run('cancel', jobId)
  // An attempt may be under way just then.
  while (/has begun/.test(cancelled.stderr)) cancelled = await run('cancel', jobId)
  assert.equal(cancelled.exitCode, 0, cancelled.stderr)
  assert.equal((await jobs.show(accepted)).state, 'cancelled')
  await magento.clearFault()
  assert.equal((await run('cancel', jobId)).exitCode, 1)
})

test('a command that is not understood says what is', async () => {
  const { exitCode, stderr } = await run('list', '--state', 'lost')
  assert.equal(exitCode, 2)
  assert.match(stderr, /waiting, running, done/)
})
