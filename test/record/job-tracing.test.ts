import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'
import { type JobsGateway, jobTestRoutes, startJobsGateway } from '../jobs/jobs-gateway.ts'
import { callbackEnv, callbackTo } from '../support/callbacks.ts'
import { globex, testEnv } from '../support/gateway.ts'
import { globexHeaders, send } from '../support/http-client.ts'
import type { ReceivedRequest } from '../support/magento/received-log.ts'
import { startMagento } from '../support/magento-for-tests.ts'
import { scrape } from '../support/metrics.ts'
import {
  type OtlpReceiver,
  type ReceivedSpan,
  startOtlpReceiver,
  tracingEnv,
} from '../support/otlp-receiver.ts'
import { shared } from '../support/shared.ts'
import { startReceiver, status } from '../support/webhook-receiver.ts'

const product = { product: { sku: '24-MB01', price: 35 } }
const traceId = '0af7651916cd43dd8448eb211c80319c'
const otherTraceId = '1bf7651916cd43dd8448eb211c80319c'
const parent = 'b7ad6b7169203331'
const traceparent = `00-${traceId}-${parent}-01`

const magento = await shared(startMagento({ queue: 'manual' }))
beforeEach(() => magento.reset())

/** A gateway that trusts its callers, keeps jobs, traces, and calls back where it is told where to. */
function startTraced(
  otlp: OtlpReceiver,
  { callbackUrl = '', rules = {} }: { readonly callbackUrl?: string; readonly rules?: object } = {},
): Promise<JobsGateway> {
  const policies = { routes: jobTestRoutes, jobs: rules, endpoints: 'compose' }
  const callback = callbackUrl === '' ? {} : { callback: callbackTo(callbackUrl) }
  return startJobsGateway(
    magento.url,
    {},
    {
      integrations: [{ ...globex, policies, ...callback }],
      gateway: { listen: { trustedProxies: ['127.0.0.1'], requireHttps: false } },
      env: { ...tracingEnv(otlp.url), ...callbackEnv },
    },
  )
}

/** The span of which something is true, when it has come. */
async function spanOf(
  otlp: OtlpReceiver,
  isIt: (span: ReceivedSpan) => boolean,
): Promise<ReceivedSpan> {
  for (let count = 1; ; count += 1) {
    const found = (await otlp.spans(count)).find(isIt)
    if (found !== undefined) return found
  }
}

const isServer = ({ kind }: ReceivedSpan) => kind === 2
const isConsumer = ({ kind }: ReceivedSpan) => kind === 5
const isCallback = ({ attributes }: ReceivedSpan) => 'magegate.callback_outcome' in attributes
const isToldMagento = (span: ReceivedSpan) => span.kind === 3 && !isCallback(span)

function traceparentOf({ rawHeaders }: ReceivedRequest): string | undefined {
  return rawHeaders[rawHeaders.findIndex((name) => name.toLowerCase() === 'traceparent') + 1]
}

const nanoseconds = (ms: number) => BigInt(Math.floor(ms)) * 1_000_000n

test('a job is a span of the consumer below that of its request, with one of the client that Magento was told', async () => {
  await using otlp = await startOtlpReceiver()
  await using jobs = await startTraced(otlp)
  const accepted = await jobs.write({ body: product, headers: { traceparent } })
  const server = await spanOf(otlp, isServer)
  const consumer = await spanOf(otlp, isConsumer)
  const client = await spanOf(otlp, isToldMagento)
  assert.deepEqual([server.traceId, server.parentSpanId], [traceId, parent])
  assert.deepEqual([consumer.traceId, consumer.parentSpanId], [traceId, server.spanId])
  assert.deepEqual([client.traceId, client.parentSpanId], [traceId, consumer.spanId])
  assert.deepEqual(magento.received.map(traceparentOf), [`00-${traceId}-${client.spanId}-01`])
  assert.ok(consumer.start <= client.start && client.start <= client.end)
  assert.ok(client.end <= consumer.end)
  const records = await jobs.gateway.auditRecords(2)
  assert.equal(consumer.name, 'POST /V1/products')
  assert.equal(consumer.status, 0)
  assert.deepEqual(consumer.attributes, {
    'http.request.method': 'POST',
    'http.route': '/V1/products',
    'http.response.status_code': 200,
    'magegate.request_id': records[0]?.requestId,
    'magegate.integration': 'globex-pim',
    'magegate.job_id': JSON.parse(accepted.body).jobId,
    'magegate.job_state': 'done',
  })
  const { hostname, port } = new URL(magento.url)
  assert.deepEqual(client.attributes, {
    'http.request.method': 'POST',
    'http.response.status_code': 200,
    'server.address': hostname,
    'server.port': Number(port),
  })
})

test('of a job that was sent more than once the span is that of the last attempt', async () => {
  await using otlp = await startOtlpReceiver()
  await using jobs = await startTraced(otlp)
  await magento.setFault({ kind: 'maintenance' })
  const refused = magento.nextRequests(2)
  await jobs.write({ body: product, headers: { traceparent } })
  await refused
  await magento.clearFault()
  const consumer = await spanOf(otlp, isConsumer)
  const client = await spanOf(otlp, isToldMagento)
  const [before, last] = magento.received.slice(-2)
  assert.ok(before && last)
  assert.equal(traceparentOf(last), `00-${traceId}-${client.spanId}-01`)
  assert.notEqual(traceparentOf(before), traceparentOf(last))
  assert.ok(consumer.start >= nanoseconds(before.time))
})

test('of a job that Magento queues the span is that of asking what became of it', async () => {
  await using otlp = await startOtlpReceiver()
  const rules = { 'POST /V1/products': { mode: 'always', engine: 'magento' } }
  await using jobs = await startTraced(otlp, { rules })
  const taken = magento.nextRequests(2)
  await jobs.write({ body: product, headers: { traceparent } })
  await taken
  await magento.runQueue()
  const consumer = await spanOf(otlp, isConsumer)
  const client = await spanOf(otlp, isToldMagento)
  assert.deepEqual([client.name, client.parentSpanId], ['GET', consumer.spanId])
  const last = magento.received.at(-1)
  assert.equal(last && traceparentOf(last), `00-${traceId}-${client.spanId}-01`)
})

test('of a job that asks Magento more than once the span of the client lies within that of the job', async () => {
  await using otlp = await startOtlpReceiver()
  await using jobs = await startTraced(otlp)
  const path = '/rest/V1/magefine/inventaire'
  await jobs.write({ path, body: { sku: '24-MB01', qty: 3 } })
  const consumer = await spanOf(otlp, isConsumer)
  const client = await spanOf(otlp, isToldMagento)
  assert.equal(magento.received.length, 2)
  assert.ok(consumer.start <= client.start && client.end <= consumer.end)
})

test('a job that fails is an error; one that is cancelled lasted since it was accepted, without a span of the client', async () => {
  await using otlp = await startOtlpReceiver()
  await using jobs = await startTraced(otlp)
  await jobs.write({ method: 'DELETE', path: '/rest/V1/products/no-such-product' })
  const failed = await spanOf(otlp, isConsumer)
  assert.deepEqual([failed.status, failed.attributes['error.type']], [2, '404'])
  assert.equal(failed.attributes['magegate.job_state'], 'failed')

  await magento.setFault({ kind: 'maintenance' })
  const asked = magento.nextRequests(1)
  const accepted = await jobs.write({ body: product })
  const [{ time }] = (await asked) as [ReceivedRequest]
  const path = String(accepted.headers.location)
  const cancel = () => send(jobs.gateway.url, { method: 'DELETE', path, headers: globexHeaders })
  // An attempt may be under way just then.
  while ((await cancel()).status === 409);
  const isCancelled = ({ attributes }: ReceivedSpan) =>
    attributes['magegate.job_state'] === 'cancelled'
  const cancelled = await spanOf(otlp, isCancelled)
  assert.equal(cancelled.status, 0)
  assert.ok(cancelled.start <= nanoseconds(time))
  const { spanId } = cancelled
  assert.ok((await otlp.spans(0)).every(({ parentSpanId }) => parentSpanId !== spanId))
})

test('a call-back that is delivered is a span of the client below that of its job', async () => {
  await using otlp = await startOtlpReceiver()
  await using receiver = await startReceiver({
    answer: (response, received, index) =>
      status(index === 0 ? 500 : 202)(response, received, index),
  })
  await using jobs = await startTraced(otlp, { callbackUrl: receiver.url })
  const accepted = await jobs.write({ body: product, headers: { traceparent } })
  const callback = await spanOf(otlp, isCallback)
  const consumer = await spanOf(otlp, isConsumer)
  assert.deepEqual([callback.kind, callback.name, callback.status], [3, 'POST', 0])
  assert.deepEqual([callback.traceId, callback.parentSpanId], [traceId, consumer.spanId])
  assert.ok(consumer.end <= callback.start && callback.start <= callback.end)
  const records = await jobs.gateway.auditRecords(3)
  assert.deepEqual(callback.attributes, {
    'http.request.method': 'POST',
    'http.response.status_code': 202,
    'http.request.resend_count': 1,
    'magegate.request_id': records[0]?.requestId,
    'magegate.integration': 'globex-pim',
    'magegate.job_id': JSON.parse(accepted.body).jobId,
    'magegate.callback_outcome': 'delivered',
  })
})

test('a call-back that is dead is an error', async () => {
  await using otlp = await startOtlpReceiver()
  await using receiver = await startReceiver({ answer: status(410) })
  await using jobs = await startTraced(otlp, { callbackUrl: receiver.url })
  await jobs.write({ body: product })
  const { status: code, attributes } = await spanOf(otlp, isCallback)
  assert.deepEqual([code, attributes['error.type']], [2, '410'])
  assert.equal(attributes['magegate.callback_outcome'], 'dead')
})

test('a job and its call-back have spans where the trace of the request is sampled, and none where it is not', async () => {
  await using otlp = await startOtlpReceiver()
  await using receiver = await startReceiver()
  await using jobs = await startTraced(otlp, { callbackUrl: receiver.url })
  await jobs.write({ body: product, headers: { traceparent: `00-${otherTraceId}-${parent}-00` } })
  const ends = (await jobs.gateway.auditRecords(3)).map(({ event }) => event)
  assert.deepEqual(ends.sort(), ['callback-ended', 'job-ended', undefined])
  await jobs.write({ body: product, headers: { traceparent } })
  const spans = await otlp.spans(4)
  assert.deepEqual(spans.map(({ kind }) => kind).sort(), [2, 3, 3, 5])
  assert.ok(spans.every((span) => span.traceId === traceId))
  const { value } = await scrape(jobs.gateway)
  assert.equal(value('magegate_trace_spans_total{outcome="made"}'), 4)
})

test('no secret leaves in the span of a job or of a call-back', async () => {
  await using otlp = await startOtlpReceiver()
  await using receiver = await startReceiver()
  const token = 'receivers-token-4b1d7e'
  await using jobs = await startTraced(otlp, { callbackUrl: `${receiver.url}/hooks/${token}` })
  const headers = { 'X-Request-Id': testEnv.GLOBEX_TOKEN }
  const path = `/rest/V1/products/${testEnv.MAGENTO_TOKEN}`
  await jobs.write({ method: 'DELETE', path, headers })
  for (const is of [isConsumer, isCallback]) {
    assert.equal((await spanOf(otlp, is)).attributes['magegate.request_id'], '[redacted]')
  }
  await otlp.spans(4)
  const text = otlp.text()
  const secrets = [...Object.values(testEnv), ...Object.values(callbackEnv), token]
  for (const secret of secrets) assert.ok(!text.includes(secret), secret)
})
