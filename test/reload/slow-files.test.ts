import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { copyFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { loadConfig } from '../../src/config.ts'
import { buildGateway } from '../../src/gateway.ts'
import { globex } from '../support/gateway.ts'
import { metricOf, reloadableConfig, startReloadable } from '../support/reloadable-gateway.ts'
import { temporaryFolder } from '../support/shared.ts'
import { loopbackTls } from '../support/tls/pem.ts'

const settings = { magentoUrl: 'http://127.0.0.1:1', integrations: [globex] }

test('a pipe among the files is a fault, and does not hang the reload', async () => {
  await using gateway = await startReloadable(settings)
  await promisify(execFile)('mkfifo', [join(gateway.path, 'integrations', 'pipe.yaml')])
  const { status, outcome } = await gateway.reload()
  assert.equal(status, 422)
  assert.deepEqual(outcome.status === 'refused' && outcome.faults.map(({ expected }) => expected), [
    'a readable file (not a regular file)',
  ])
  await gateway.removeIntegration('pipe')
  assert.equal((await gateway.reload()).status, 200)
})

test('a reload whose files cannot be read in time fails, and the next one begins for all who wait', async (t) => {
  await using files = await reloadableConfig(settings)
  const config = await loadConfig(files.path, files.env)
  const hung = Promise.withResolvers<typeof config>()
  const loads = [hung.promise, Promise.resolve(config), Promise.resolve(config)]
  const gateway = await buildGateway(config, () => loads.shift() ?? hung.promise)
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const failed = gateway.reload()
  // Until it has begun.
  await new Promise(setImmediate)
  const [next, shared] = [gateway.reload(), gateway.reload()]
  await new Promise(setImmediate)
  assert.equal(loads.length, 2, 'it waits for the one before')
  t.mock.timers.tick(120_000)
  assert.deepEqual(await failed, { status: 'failed' })
  assert.equal((await next).status, 'reloaded')
  assert.deepEqual(await shared, await next)
  t.mock.timers.reset()
  await gateway.stop()
})

/** Files of a gateway with TLS, whose certificate a test may replace. */
async function tlsFiles() {
  const certFile = join(await temporaryFolder(), 'cert.pem')
  await copyFile(loopbackTls.certFile, certFile)
  const tls = { ...loopbackTls, certFile, checkFilesMs: 3_600_000 }
  return { certFile, gateway: { listen: { tls, requireHttps: true } } }
}
const failures = 'magegate_certificate_failures_total'

test('a pipe in the place of the certificate is a fault, and does not hang the reload', async () => {
  const { certFile, gateway: sections } = await tlsFiles()
  await using gateway = await startReloadable({ ...settings, gateway: sections })
  await rm(certFile)
  await promisify(execFile)('mkfifo', [certFile])
  const { status, outcome } = await gateway.reload()
  assert.equal(status, 422)
  assert.deepEqual(outcome.status === 'refused' && outcome.faults.map(({ pointer }) => pointer), [
    '/listen/tls/certFile',
  ])
  assert.equal(await gateway.metric(failures), 1, 'the listener looked at it, too')
})

test('a reload that cannot read its files in time does not look at the certificate, either', async (t) => {
  const { certFile, gateway: sections } = await tlsFiles()
  await using files = await reloadableConfig({ ...settings, gateway: sections })
  const config = await loadConfig(files.path, files.env)
  const hung = new Promise<typeof config>(() => undefined)
  const gateway = await buildGateway(config, () => hung)
  const { adminUrl = '' } = await gateway.start()
  await rm(certFile)
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const failed = gateway.reload()
  await new Promise(setImmediate)
  t.mock.timers.tick(120_000)
  assert.deepEqual(await failed, { status: 'failed' })
  t.mock.timers.reset()
  assert.equal(await metricOf(adminUrl, failures), 0)
  await gateway.stop()
})
