import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { readTracing } from '../../src/config/tracing-settings.ts'
import { errorCode } from '../../src/contract/error-code.ts'
import { jobRecord } from '../../src/record/job-record.ts'
import type { Redact } from '../../src/record/redaction/known-secrets.ts'
import { openTracing } from '../../src/record/tracing.ts'
import { endedJob } from '../support/ended-job.ts'
import { freePort } from '../support/free-port.ts'
import { acme, globex, startGateway, testEnv } from '../support/gateway.ts'
import { acmeHeaders, globexHeaders, send } from '../support/http-client.ts'
import { scrape, scrapeUntil } from '../support/metrics.ts'
import { startOtlpReceiver, tracingEnv } from '../support/otlp-receiver.ts'
import { answerWith, startRawUpstream } from '../support/raw-upstream.ts'

const traceId = '0af7651916cd43dd8448eb211c80319c'
const parent = 'b7ad6b7169203331'

const trusting = { listen: { trustedProxies: ['127.0.0.1'], requireHttps: false } }

test('a request is a span of the server with one of the client below it, in the trace of a trusted proxy', async () => {
  await using receiver = await startOtlpReceiver()
  await using upstream = await startRawUpstream()
  await using gateway = await startGateway({
    magentoUrl: upstream.url,
    gateway: trusting,
    env: tracingEnv(receiver.url),
  })
  const traceparent = `00-${traceId}-${parent}-01`
  await send(gateway.url, { headers: { ...globexHeaders, traceparent, 'User-Agent': 'erp/1.2' } })
  const [server, client] = await receiver.spans(2)
  assert.ok(server && client)
  assert.deepEqual([server.kind, server.traceId, server.parentSpanId], [2, traceId, parent])
  assert.deepEqual([client.kind, client.traceId, client.parentSpanId], [3, traceId, server.spanId])
  assert.deepEqual([server.hasRemoteParent, client.hasRemoteParent], [true, false])
  assert.ok(upstream.requests[0]?.includes(`traceparent: 00-${traceId}-${client.spanId}-01`))
  assert.ok(server.start <= client.start && client.start < client.end && client.end <= server.end)
  const { 'magegate.request_id': requestId, ...attributes } = server.attributes
  const [record] = await gateway.auditRecords(1)
  assert.equal(requestId, record?.requestId)
  assert.equal(server.name, 'GET /V1/products/:sku')
  assert.deepEqual(attributes, {
    'http.request.method': 'GET',
    'http.response.status_code': 200,
    'http.route': '/V1/products/:sku',
    'url.scheme': 'http',
    'url.path': '/rest/V1/products/24-MB01',
    'client.address': '127.0.0.1',
    'user_agent.original': 'erp/1.2',
    'magegate.integration': 'globex-pim',
  })
  assert.deepEqual(client.attributes, {
    'http.request.method': 'GET',
    'http.response.status_code': 200,
    'server.address': '127.0.0.1',
    'server.port': Number(new URL(upstream.url).port),
    'url.full': `${upstream.url}/rest/V1/products/24-MB01`,
  })
  const [resource] = receiver.resources
  assert.equal(resource?.['service.name'], 'gate-of-the-test')
  assert.equal(resource?.['deployment.environment.name'], 'test')
  assert.equal(receiver.headers[0]?.authorization, 'Bearer otlp-token-0123456789')
})

test('failures of Magento and refusals are marked in spans', async () => {
  await using receiver = await startOtlpReceiver()
  await using upstream = await startRawUpstream((socket) => socket.destroy())
  // Each is sent by itself, when the one before has been taken.
  const oneByOne = { OTEL_BSP_MAX_EXPORT_BATCH_SIZE: '1', OTEL_EXPORTER_OTLP_TIMEOUT: '600000' }
  await using gateway = await startGateway({
    magentoUrl: upstream.url,
    env: { ...tracingEnv(receiver.url), ...oneByOne },
  })
  await send(gateway.url, { headers: globexHeaders })
  await send(gateway.url, { headers: globexHeaders, path: '/rest/V1/none' })
  await send(gateway.url, { method: 'PROPFIND' })
  const [server, client, refused, other] = await receiver.spans(4)
  assert.deepEqual([server?.status, server?.attributes['error.type']], [2, 'upstream-failed'])
  assert.deepEqual([client?.status, client?.attributes['error.type']], [2, 'upstream-failed'])
  assert.deepEqual([refused?.status, refused?.name], [0, 'GET'])
  assert.equal(refused?.attributes['magegate.code'], 'route-not-granted')
  assert.deepEqual([other?.name, other?.attributes['http.request.method']], ['HTTP', '_OTHER'])
})

test('nobody but a trusted proxy puts a request into a trace, or has it sampled', async () => {
  await using receiver = await startOtlpReceiver()
  await using upstream = await startRawUpstream()
  await using gateway = await startGateway({
    magentoUrl: upstream.url,
    env: { ...tracingEnv(receiver.url), OTEL_TRACES_SAMPLER: 'parentbased_always_on' },
  })
  for (const flags of ['00', '01']) {
    const traceparent = `00-${traceId}-${parent}-${flags}`
    await send(gateway.url, { headers: { ...globexHeaders, traceparent } })
  }
  for (const span of await receiver.spans(4)) {
    assert.notEqual(span.traceId, traceId)
    assert.notEqual(span.parentSpanId, parent)
  }
})

test('a request that is not sampled has no span, and Magento is told so', async () => {
  await using receiver = await startOtlpReceiver()
  await using upstream = await startRawUpstream()
  const sampled = { ...tracingEnv(receiver.url), OTEL_TRACES_SAMPLER: 'always_off' }
  await using gateway = await startGateway({ magentoUrl: upstream.url, env: sampled })
  await send(gateway.url, { headers: globexHeaders })
  await gateway.auditRecords(1)
  assert.match(String(upstream.requests[0]), /traceparent: 00-[0-9a-f]{32}-[0-9a-f]{16}-00\r\n/)
  assert.equal(
    (await scrape(gateway)).value('magegate_trace_spans_total{outcome="made"}'),
    undefined,
  )
  assert.equal(receiver.resources.length, 0)
})

test('no secret and nothing that the audit strikes out leaves in a span', async () => {
  await using receiver = await startOtlpReceiver()
  await using upstream = await startRawUpstream()
  await using gateway = await startGateway({
    magentoUrl: upstream.url,
    integrations: [acme, globex],
    env: tracingEnv(receiver.url),
  })
  const card = '4111111111111111'
  const path = `/rest/V1/products/${testEnv.GLOBEX_TOKEN}?fields=${testEnv.MAGENTO_TOKEN}&token=${card}`
  await send(gateway.url, { headers: { ...globexHeaders, 'User-Agent': testEnv.ACME_TOKEN }, path })
  await send(gateway.url, { headers: acmeHeaders(), path })
  await receiver.spans(4)
  const text = receiver.text()
  for (const secret of [...Object.values(testEnv), card, 'otlp-token-0123456789']) {
    assert.ok(!text.includes(secret), secret)
  }
  assert.match(text, /\[redacted\]/)
})

test('while the collector is away, requests are answered, and the queue of spans is bounded', async () => {
  await using receiver = await startOtlpReceiver()
  await using upstream = await startRawUpstream()
  const env = {
    ...tracingEnv(receiver.url),
    OTEL_BSP_MAX_QUEUE_SIZE: '4',
    OTEL_BSP_MAX_EXPORT_BATCH_SIZE: '2',
    OTEL_EXPORTER_OTLP_TIMEOUT: '500',
  }
  await using gateway = await startGateway({ magentoUrl: upstream.url, env })
  receiver.hang()
  await send(gateway.url, { headers: globexHeaders })
  await receiver.hung
  for (let count = 0; count < 20; count += 1) {
    assert.equal((await send(gateway.url, { headers: globexHeaders })).status, 200)
  }
  // In the end it is known of each span what has become of it.
  const lost = await scrapeUntil(gateway, ({ value }) => {
    const countOf = (outcome: string) => value(`magegate_trace_spans_total{outcome="${outcome}"}`)
    return Number(countOf('failed')) + Number(countOf('dropped')) === 42
  })
  assert.equal(lost.value('magegate_trace_spans_total{outcome="made"}'), 42)
  assert.equal(lost.value('magegate_trace_spans_total{outcome="exported"}'), undefined)
})

test('nothing is told of spans that were sent, and the configuration says what sends them', async () => {
  await using receiver = await startOtlpReceiver()
  const named = { OTEL_RESOURCE_ATTRIBUTES: 'service.instance.id=one' }
  const { settings } = readTracing({ ...tracingEnv(receiver.url), ...named })
  const failed: unknown[] = []
  const tracing = await openTracing(settings, {
    redact: (text) => text,
    count: () => undefined,
    onFailed: (error) => failed.push(error),
  })
  tracing?.observeJob(jobRecord(endedJob, undefined, 0), endedJob, undefined)
  await receiver.spans(1)
  await tracing?.close()
  assert.deepEqual(failed, [])
  assert.equal(receiver.resources[0]?.['service.instance.id'], 'one')
})

/** What is told of spans that a collector does not take. */
async function failureAt(url: string, redact: Redact = (text) => text): Promise<unknown> {
  const { settings } = readTracing(tracingEnv(url))
  const failed = Promise.withResolvers<unknown>()
  const tracing = await openTracing(settings, {
    redact,
    count: () => undefined,
    onFailed: failed.resolve,
  })
  tracing?.observeJob(jobRecord(endedJob, undefined, 0), endedJob, undefined)
  await tracing?.close()
  return failed.promise
}

test('it is told why spans could not be sent', async () => {
  const error = await failureAt(`http://127.0.0.1:${await freePort()}`)
  assert.equal(errorCode(error), 'ECONNREFUSED')
})

test('of what the collector answers, only the beginning is told, and no part of a secret', async () => {
  await using collector = await startRawUpstream((socket) =>
    answerWith(socket, {
      status: '400 Bad Request',
      body: `${'no such tenant '.repeat(33)}${'s'.repeat(40)}${'x'.repeat(10_000)}`,
    }),
  )
  const redact: Redact = (text) => text.replaceAll('s'.repeat(40), '[redacted]')
  const error = await failureAt(collector.url, redact)
  const { code, data } = error as { code: number; data: string }
  assert.equal(code, 400)
  assert.equal(data, `${'no such tenant '.repeat(33)}[reda`)
})

test('of an answer of the collector that is no HTTP, none of its bytes is told', async () => {
  await using collector = await startRawUpstream((socket) => {
    socket.end(`HTTP/1.1 200 OK\r\nContent-Length: ${'s'.repeat(40)}\r\n\r\n`)
  })
  const error = await failureAt(collector.url)
  assert.equal(errorCode(error), 'HPE_INVALID_CONTENT_LENGTH')
  const bytes = Object.values(error as object).filter(Buffer.isBuffer)
  assert.deepEqual(bytes, [])
})

test('nothing of OpenTelemetry is loaded where it is off', () => {
  const modules = ['config.ts', 'gateway.ts'].map((name) =>
    fileURLToPath(new URL(`../../src/${name}`, import.meta.url)),
  )
  // The interface alone, api, is what prom-client loads.
  const hooks = `
    import { registerHooks } from 'node:module'
    registerHooks({ resolve: (name, context, next) => {
      const found = next(name, context)
      if (/@opentelemetry\\/(?!api\\/)/.test(found.url)) console.log(found.url)
      return found
    } })
    for (const each of ${JSON.stringify(modules)}) await import(each)`
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['--input-type=module', '--eval', hooks],
    { encoding: 'utf8' },
  )
  assert.deepEqual([status, stdout, stderr], [0, '', ''])
})

describe('variables of OpenTelemetry', () => {
  const on = { OTEL_TRACES_EXPORTER: 'otlp' }
  test('that turn tracing off, or say nothing of it', () => {
    const url = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://otlp' }
    for (const env of [
      {},
      { OTEL_SERVICE_NAME: 'x' },
      { ...url, OTEL_TRACES_EXPORTER: 'none' },
      { ...url, OTEL_SDK_DISABLED: 'True' },
      { OTEL_EXPORTER_OTLP_ENDPOINT: '' },
    ]) {
      assert.deepEqual(readTracing(env), { secrets: [], faults: [] })
    }
  })

  test('that say where spans go', () => {
    const urlOf = (env: Record<string, string>) => readTracing({ ...on, ...env }).settings?.url
    assert.equal(urlOf({}), 'http://localhost:4318/v1/traces')
    assert.equal(urlOf({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://a/b/' }), 'http://a/b/v1/traces')
    assert.equal(urlOf({ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://a/b' }), 'http://a/b')
  })

  test('that say which spans are sent and how, those for traces first', () => {
    const { settings } = readTracing({
      ...on,
      OTEL_TRACES_SAMPLER: 'traceidratio',
      OTEL_TRACES_SAMPLER_ARG: '0.5',
      OTEL_EXPORTER_OTLP_TIMEOUT: '500',
      OTEL_EXPORTER_OTLP_TRACES_TIMEOUT: '250',
      OTEL_EXPORTER_OTLP_HEADERS: 'a=1',
      OTEL_EXPORTER_OTLP_TRACES_HEADERS: 'b=2',
    })
    assert.deepEqual(settings?.sampler, { ratio: 0.5, isParentBased: false })
    assert.equal(settings.timeoutMs, 250)
    assert.deepEqual(Object.keys(settings.headers), ['b'])
  })

  const faulty: Readonly<Record<string, string>> = {
    OTEL_TRACES_EXPORTER: 'jaeger',
    OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc',
    OTEL_EXPORTER_OTLP_ENDPOINT: 'ftp://x',
    OTEL_EXPORTER_OTLP_TIMEOUT: '0.5',
    OTEL_EXPORTER_OTLP_TRACES_TIMEOUT: '10s',
    OTEL_TRACES_SAMPLER: 'sometimes',
    OTEL_BSP_MAX_QUEUE_SIZE: '0',
  }
  for (const [name, value] of Object.entries(faulty)) {
    test(`that are wrong are named: ${name}`, () => {
      const { faults } = readTracing({ ...on, [name]: value })
      assert.deepEqual(
        faults.map(({ pointer }) => pointer),
        [name],
      )
    })
  }

  test('that are wrong are named: a share above 1', () => {
    const env = { OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: '1.5' }
    const { faults } = readTracing({ ...on, ...env })
    assert.deepEqual(
      faults.map(({ pointer }) => pointer),
      ['OTEL_TRACES_SAMPLER_ARG'],
    )
  })
})
