import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { Webhook } from 'standardwebhooks'
import { jobTestRoutes, quickJobs, startJobsGateway } from '../jobs/jobs-gateway.ts'
import { callbackEnv, callbackTo } from '../support/callbacks.ts'
import { globex } from '../support/gateway.ts'
import { send, writeOf } from '../support/http-client.ts'
import { startMagento } from '../support/magento-for-tests.ts'
import { scrape, scrapeUntil } from '../support/metrics.ts'
import { startReloadable } from '../support/reloadable-gateway.ts'
import { shared, temporaryFolder } from '../support/shared.ts'
import { type ReceivedWebhook, startReceiver, status } from '../support/webhook-receiver.ts'

const product = { product: { sku: '24-MB01', price: 35 } }

const magento = await shared(startMagento())

/** A gateway that calls back. */
function startCalling(callback: object) {
  const policies = { routes: jobTestRoutes, endpoints: 'compose' }
  return startJobsGateway(
    magento.url,
    {},
    {
      integrations: [{ ...globex, policies, callback }],
      env: callbackEnv,
    },
  )
}

interface Message {
  readonly type: string
  readonly timestamp: string
  readonly data: Readonly<Record<string, unknown>>
}

function verified({ body, headers }: ReceivedWebhook, secret = callbackEnv.WEBHOOK_SECRET) {
  return new Webhook(secret).verify(body, headers) as Message
}

describe('the end of a job', () => {
  test('is told to the receiver, signed with every secret, and of what was sent nothing', async () => {
    await using receiver = await startReceiver()
    const secrets = ['env:NEXT_WEBHOOK_SECRET', 'env:WEBHOOK_SECRET']
    await using jobs = await startCalling(callbackTo(`${receiver.url}/hooks`, { secrets }))
    const accepted = await jobs.write({ body: product })
    const { jobId } = JSON.parse(accepted.body)
    const [webhook] = await receiver.arrived(1)
    assert.ok(webhook)
    assert.equal(webhook.path, '/hooks')
    assert.match(String(webhook.headers['webhook-id']), new RegExp(`^msg_${jobId}_\\d+$`))
    const { type, timestamp, data } = verified(webhook)
    assert.deepEqual(verified(webhook, callbackEnv.NEXT_WEBHOOK_SECRET).data, data)
    assert.equal(type, 'job.succeeded')
    assert.equal(timestamp, data.endedAt)
    const { id, state, route, status: answered, attempts } = data
    assert.deepEqual(
      [id, state, route, answered, attempts],
      [...[jobId, 'done', 'POST /V1/products', 200, 1]],
    )
    assert.ok(!webhook.body.includes('24-MB01'))
  })

  test('that failed is told too', async () => {
    await using receiver = await startReceiver()
    await using jobs = await startCalling(callbackTo(receiver.url))
    const path = '/rest/V1/products/no-such-product'
    await jobs.write({ method: 'DELETE', path, body: undefined })
    const [webhook] = await receiver.arrived(1)
    assert.ok(webhook)
    const { type, data } = verified(webhook)
    assert.equal(type, 'job.failed')
    assert.equal(data.status, 404)
  })

  test('is told with the items of a job counted', async () => {
    await using receiver = await startReceiver()
    await using jobs = await startCalling(callbackTo(receiver.url))
    const items = [
      { sku: '24-MB01', qty: 1 },
      { sku: 'no-such-product', qty: 1 },
    ]
    await jobs.write({ path: '/rest/V1/magefine/inventaire/bulk', body: { items } })
    const [webhook] = await receiver.arrived(1)
    assert.ok(webhook)
    const { type, data } = verified(webhook)
    assert.equal(type, 'job.partial')
    assert.deepEqual(data.items, { total: 2, succeeded: 1, failed: 1 })
  })

  test('is told again until it is taken, counted, and recorded when it is', async () => {
    await using receiver = await startReceiver({
      answer: (response, _, index) => {
        response.writeHead(index < 2 ? 500 : 200).end()
      },
    })
    await using jobs = await startCalling(callbackTo(receiver.url))
    const { jobId } = JSON.parse((await jobs.write({ body: product })).body)
    await receiver.arrived(3)
    const find = async () => {
      const text = await jobs.gateway.auditText()
      return text
        .split('\n')
        .filter((line) => line.includes('"event":"callback-ended"'))
        .map((line) => JSON.parse(line))
    }
    let records = await find()
    while (records.length === 0) records = await find()
    const [record] = records
    assert.equal(records.length, 1)
    assert.deepEqual(record.jobIds, [jobId])
    assert.equal(record.integration, 'globex-pim')
    assert.equal(record.route, 'POST /V1/products')
    assert.equal(record.status, 200)
    assert.equal(record.reason, 'delivered, 3 sent')
    const { value } = await scrape(jobs.gateway)
    const sent = 'magegate_callbacks_sent_total{integration="globex-pim",outcome='
    assert.equal(value(`${sent}"failed"}`), 2)
    assert.equal(value(`${sent}"delivered"}`), 1)
  })

  test('is told where the configuration that is in force then says', async () => {
    await using before = await startReceiver({ answer: status(500) })
    await using now = await startReceiver()
    const folder = await temporaryFolder()
    const integration = (url: string) => ({
      ...globex,
      policies: { routes: jobTestRoutes },
      callback: callbackTo(url),
    })
    await using gateway = await startReloadable({
      magentoUrl: magento.url,
      gateway: { jobs: { file: join(folder, 'jobs.sqlite'), ...quickJobs } },
      integrations: [integration(before.url)],
      env: callbackEnv,
    })
    await send(gateway.url, writeOf(product, { headers: { Prefer: 'respond-async' } }))
    await before.arrived(1)
    await gateway.writeIntegration(integration(now.url))
    assert.equal((await gateway.reload()).status, 200)
    const [webhook] = await now.arrived(1)
    assert.equal(webhook?.headers['webhook-id'], before.received[0]?.headers['webhook-id'])
    await gateway.stop()
  })

  test('goes nowhere that a caller names', async () => {
    await using receiver = await startReceiver()
    await using elsewhere = await startReceiver()
    await using jobs = await startCalling(callbackTo(receiver.url))
    const headers = {
      'Callback-Url': elsewhere.url,
      'X-Callback-Url': elsewhere.url,
      'Webhook-Url': elsewhere.url,
    }
    await jobs.write({ headers, body: { ...product, callback: { url: elsewhere.url } } })
    await receiver.arrived(1)
    assert.equal(elsewhere.connections(), 0)
  })
})

describe('a receiver that is not to be reached', () => {
  test('gets nothing: a name that leads to loopback, and a redirect', async () => {
    await using receiver = await startReceiver()
    await using redirecting = await startReceiver({
      answer: status(307, { Location: receiver.url }),
    })
    for (const callback of [
      callbackTo(`https://localhost:${receiver.port}/`, { allowAddresses: [] }),
      callbackTo(redirecting.url),
    ]) {
      const retry = { firstMs: 1, longestMs: 1, giveUpAfterMs: 50 }
      await using jobs = await startCalling({ ...callback, retry })
      await jobs.write({ body: product })
      await scrapeUntil(
        jobs.gateway,
        ({ value }) => value('magegate_callbacks{state="dead"}') === 1,
      )
    }
    assert.equal(receiver.connections(), 0)
    assert.ok(redirecting.received.length > 0)
  })
})
