import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { type JobView, quickJobs } from '../jobs/jobs-gateway.ts'
import { writeConfig } from '../support/config-directory.ts'
import { gatewaySettings, globex, testEnv } from '../support/gateway.ts'
import { startedProcess } from '../support/gateway-process.ts'
import { globexHeaders, send, writeOf } from '../support/http-client.ts'
import { startMagento } from '../support/magento-for-tests.ts'
import { temporaryFolder } from '../support/shared.ts'

const product = { product: { sku: 'interrupted', name: 'Bag', price: 1 } }
const items = { sourceItems: [{ sku: '24-MB01', source_code: 'default', quantity: 1 }] }

for (const [name, path, body, expected] of [
  [
    'is not sent again where it may not be, and told as interrupted',
    '/rest/V1/products',
    product,
    { state: 'failed', code: 'interrupted', sent: 1 },
  ],
  [
    'is sent again where it may be',
    '/rest/V1/inventory/source-items',
    items,
    { state: 'done', code: undefined, sent: 2 },
  ],
] as const) {
  test(`a job whose gateway is killed while Magento has it ${name}`, async () => {
    const folder = await temporaryFolder()
    await using magento = await startMagento()
    const gateway = { jobs: { ...quickJobs, file: join(folder, 'jobs.sqlite') } }
    await using files = await writeConfig({
      gateway: gatewaySettings({ magentoUrl: magento.url, gateway }, join(folder, 'audit.jsonl')),
      integrations: { globex: { ...globex, policies: { routes: [`POST ${path.slice(5)}`] } } },
    })
    const start = () => startedProcess(['start', '--config', files.path], testEnv)
    const killed = await start()
    await magento.setFault({ kind: 'stall' })
    const accepted = await send(
      killed.url,
      writeOf(body, { path, headers: { Prefer: 'respond-async' } }),
    )
    assert.equal(accepted.status, 202, accepted.body)
    await magento.nextRequest()
    killed.signal('SIGKILL')
    await killed.ended
    await magento.clearFault()

    const next = await start()
    const job = await endOf(next.url, String(accepted.headers.location))
    await next.stop()
    const sent = magento.received.filter(({ method }) => method === 'POST').length
    assert.deepEqual({ state: job.state, code: job.failure?.code, sent }, expected)
  })
}

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
  }
}
