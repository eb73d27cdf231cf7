import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { type JobView, quickJobs } from '../jobs/jobs-gateway.ts'
import { writeConfig } from '../support/config-directory.ts'
import { gatewaySettings, globex, testEnv } from '../support/gateway.ts'
import { startedProcess } from '../support/gateway-process.ts'
import { globexHeaders, send } from '../support/http-client.ts'
import { startMagento } from '../support/magento-for-tests.ts'

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
    const folder = await mkdtemp(join(tmpdir(), 'magegate-interrupted-'))
    await using magento = await startMagento()
    const gateway = { jobs: { ...quickJobs, file: join(folder, 'jobs.sqlite') } }
    await using files = await writeConfig({
      gateway: gatewaySettings({ magentoUrl: magento.url, gateway }, join(folder, 'audit.jsonl')),
      integrations: { globex: { ...globex, policies: { routes: [`POST ${path.slice(5)}`] } } },
    })
    const start = () => startedProcess(['start', '--config', files.path], testEnv)
    const killed = await start()
    await magento.setFault({ kind: 'stall' })
    const accepted = await send(killed.url, {
      method: 'POST',
      path,
      headers: {
        ...globexHeaders,
        'Content-Type': 'application/json',
        Prefer: 'respond-async',
      },
      body: JSON.stringify(body),
    })
    assert.equal(accepted.status, 202, accepted.body)
    await magento.nextRequest()
    killed.signal('SIGKILL')
    await killed.ended
    await magento.clearFault()

    const next = await start()
    let job: JobView
    do {
      const { location } = accepted.headers
      const shown = await send(next.url, { path: String(location), headers: globexHeaders })
      job = JSON.parse(shown.body) as JobView
    } while (job.state === 'waiting' || job.state === 'running')
    await next.stop()
    await rm(folder, { recursive: true })
    const sent = magento.received.filter(({ method }) => method === 'POST').length
    assert.deepEqual({ state: job.state, code: job.failure?.code, sent }, expected)
  })
}
