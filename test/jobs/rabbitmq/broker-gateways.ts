import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Webhook } from 'standardwebhooks'
import { callbackEnv, callbackTo } from '../../support/callbacks.ts'
import { globex } from '../../support/gateway.ts'
import { globexHeaders, send } from '../../support/http-client.ts'
import { startMagento } from '../../support/magento-for-tests.ts'
import { type ReceivedSpan, startOtlpReceiver, tracingEnv } from '../../support/otlp-receiver.ts'
import type { TestRabbit } from '../../support/rabbitmq.ts'
import type { TestRedis } from '../../support/redis.ts'
import { startReceiver, status } from '../../support/webhook-receiver.ts'
import { type JobView, jobTestRoutes, startJobsGateway } from '../jobs-gateway.ts'

const product = { product: { sku: '24-MB01', price: 35 } }

/** Tests gateways with jobs in RabbitMQ. The last tests of their file: neither the broker nor Redis is there afterwards. */
export function testGateways(
  servers: () => Promise<{ readonly rabbit: TestRabbit; readonly redis: TestRedis }>,
): void {
  test('jobs in RabbitMQ are done by any of the gateways when Magento is back and told of, and refused without a broker', async () => {
    await using magento = await startMagento()
    const { rabbit, redis } = await servers()
    await using otlp = await startOtlpReceiver()
    await using receiver = await startReceiver({
      // A call-back is tried again from the broker, too.
      answer: (response, received, index) =>
        status(index === 0 ? 500 : 204)(response, received, index),
    })
    const policies = {
      routes: jobTestRoutes,
      jobs: { 'POST /V1/products': { inOrderOf: ['/product/sku'] } },
    }
    const start = () =>
      startJobsGateway(
        magento.url,
        {},
        {
          integrations: [{ ...globex, policies, callback: callbackTo(receiver.url) }],
          gateway: {
            jobs: { file: undefined, rabbitmq: 'env:AMQP_URL', confirmMs: 2_000 },
            store: { redis: 'env:REDIS_URL', deadlineMs: 1_000 },
          },
          env: {
            ...tracingEnv(otlp.url),
            ...callbackEnv,
            AMQP_URL: rabbit.url,
            REDIS_URL: redis.url,
          },
        },
      )
    await using one = await start()
    await using other = await start()
    await magento.setFault({ kind: 'maintenance' })
    const accepted = await one.write({ body: product })
    assert.equal(accepted.status, 202, accepted.body)
    const items = [{ sku: '24-MB01', source_code: 'default', quantity: 7 }]
    const path = '/rest/V1/inventory/source-items'
    const shared = await other.write({ path, body: { sourceItems: items } })
    assert.equal(shared.status, 202, shared.body)
    let seen: JobView = await other.show(accepted)
    while (seen.attempts === 0) seen = await other.show(accepted)
    assert.notEqual(seen.state, 'done')
    await magento.clearFault()
    const done = await other.ended(accepted)
    assert.equal(done.state, 'done')
    assert.ok(done.attempts >= 2)
    assert.equal((await one.ended(shared)).state, 'done')

    const traceId = String(accepted.headers['x-request-id']).replaceAll('-', '')
    const isOfJob = (span: ReceivedSpan) => span.kind === 5 && span.traceId === traceId
    for (let count = 1; !(await otlp.spans(count)).some(isOfJob); count += 1);

    const told = new Map<string, string>()
    for (const { headers, body } of await receiver.arrived(3)) {
      const message = new Webhook(callbackEnv.WEBHOOK_SECRET).verify(body, headers)
      const { type, data } = message as { readonly type: string; readonly data: { id: string } }
      told.set(data.id, `${type} ${headers['webhook-id']?.startsWith(`msg_${data.id}_`)}`)
    }
    const jobIds = [accepted, shared].map(({ body }) => String(JSON.parse(body).jobId))
    assert.deepEqual(told, new Map(jobIds.map((id) => [id, 'job.succeeded true'])))

    await rabbit.kill()
    const refused = await one.write({ body: product })
    assert.equal(refused.status, 503)
    assert.equal(JSON.parse(refused.body).code, 'jobs-unavailable')
    assert.equal(refused.headers['retry-after'], '5')
    assert.doesNotMatch(refused.body, new RegExp(rabbit.password))

    await redis.kill()
    const { location = '' } = accepted.headers
    const unread = await send(other.gateway.url, { path: location, headers: globexHeaders })
    assert.equal(unread.status, 503)
    assert.equal(JSON.parse(unread.body).code, 'jobs-unavailable')
  })
}
