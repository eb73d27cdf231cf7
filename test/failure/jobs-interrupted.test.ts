import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { type JobView, quickJobs } from '../jobs/jobs-gateway.ts'
import { writeConfig } from '../support/config-directory.ts'
import { gatewaySettings, globex, testEnv } from '../support/gateway.ts'
import { startedProcess } from '../support/gateway-process.ts'
import { globexHeaders, send, writeOf } from '../support/http-client.ts'
import { startMagento } from '../support/magento-for-tests.ts'
import { temporaryFolder } from '../support/shared.ts'

const product = { product: { sku: 'interrupted', name: 'Bag', price: 1 } }
const items = { sourceItems: [{ sku: '24-MB01', source_code: 'default', quantity: 1 }] }

test('a job whose gateway is killed while Magento has it is sent again where it may be, and else told as interrupted', async () => {
  const folder = await temporaryFolder()
  await using magento = await startMagento()
  const gateway = { jobs: { ...quickJobs, file: join(folder, 'jobs.sqlite') } }
  const writes = [
    ['/rest/V1/products', product, { state: 'failed', code: 'interrupted', sent: 1 }],
    ['/rest/V1/inventory/source-items', items, { state: 'done', code: undefined, sent: 2 }],
  ] as const
  const routes = writes.map(([path]) => `POST ${path.slice(5)}`)
  await using files = await writeConfig({
    gateway: gatewaySettings({ magentoUrl: magento.url, gateway }, join(folder, 'audit.jsonl')),
    integrations: { globex: { ...globex, policies: { routes } } },
  })
  const start = () => startedProcess(['start', '--config', files.path], testEnv)
  const killed = await start()
  await magento.setFault({ kind: 'stall' })
  const arrived = magento.nextRequests(writes.length)
  const locations: string[] = []
  for (const [path, body] of writes) {
    const asynchronous = { path, headers: { Prefer: 'respond-async' } }
    const accepted = await send(killed.url, writeOf(body, asynchronous))
    assert.equal(accepted.status, 202, accepted.body)
    locations.push(String(accepted.headers.location))
  }
  await arrived
  killed.signal('SIGKILL')
  await killed.ended
  await magento.clearFault()

  const next = await start()
  for (const [index, [path, , expected]] of writes.entries()) {
    const job = await endOf(next.url, String(locations[index]))
    const sent = magento.received.filter(({ method, rawTarget }) => {
      return method === 'POST' && rawTarget.startsWith(path)
    })
    const { state, failure } = job
    assert.deepEqual({ state, code: failure?.code, sent: sent.length }, expected, path)
  }
  await next.stop()
})

test('a job that Magento has taken is followed on when its gateway is killed, and not sent again', async () => {
  const folder = await temporaryFolder()
  await using magento = await startMagento({ queue: 'manual' })
  const gateway = { jobs: { ...quickJobs, file: join(folder, 'jobs.sqlite') } }
  const policies = {
    routes: ['POST /V1/products'],
    jobs: { 'POST /V1/products': { mode: 'always', engine: 'magento' } },
  }
  await using files = await writeConfig({
    gateway: gatewaySettings({ magentoUrl: magento.url, gateway }, join(folder, 'audit.jsonl')),
    integrations: { globex: { ...globex, policies } },
  })
  const start = () => startedProcess(['start', '--config', files.path], testEnv)
  const killed = await start()
  const accepted = await send(killed.url, writeOf(product))
  assert.equal(accepted.status, 202, accepted.body)
  // It is sent, and asked for.
  await magento.nextRequests(2)
  await magento.setFault({ kind: 'stall' })
  await magento.nextRequest()
  killed.signal('SIGKILL')
  await killed.ended
  await magento.clearFault()
  await magento.runQueue()
  const next = await start()
  const job = await endOf(next.url, String(accepted.headers.location))
  await next.stop()
  assert.deepEqual([job.state, job.failure], ['done', undefined])
  assert.equal(magento.received.filter(({ method }) => method === 'POST').length, 1)
})

/** A job of the other process when it is over. */
async function endOf(url: string, path: string): Promise<JobView> {
  for (;;) {
    const shown = await send(url, { path, headers: globexHeaders })
    const job = JSON.parse(shown.body) as JobView
    if (job.state !== 'waiting' && job.state !== 'running') return job
    await delay(5)
  }
}
