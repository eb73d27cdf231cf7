import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SpanKind } from '@opentelemetry/api'
import type { CallbackEnd } from '../../src/callbacks/deliver-callback.ts'
import { callbackRecord } from '../../src/record/callback-record.ts'
import { jobRecord } from '../../src/record/job-record.ts'
import { callbackSpan } from '../../src/record/tracing/callback-span.ts'
import { jobSpans } from '../../src/record/tracing/job-spans.ts'
import { magentoSpan } from '../../src/record/tracing/magento-span.ts'
import { endedJob } from '../support/ended-job.ts'

const statusCode = 'http.response.status_code'

test('of a job that failed without an answer the span tells why, and no status', () => {
  const { answer: _, ...job } = endedJob
  const failure = { code: 'interrupted', detail: '' } as const
  const failed = { ...job, state: 'failed', failure } as const
  const [span] = jobSpans(jobRecord(failed, undefined, 0), failed, undefined)
  assert.equal(span?.attributes['error.type'], 'interrupted')
  assert.equal(span.attributes[statusCode], undefined)
})

test('of a job whose route is not granted, as while that is only reported, neither record nor span has a route', () => {
  const job = { ...endedJob, route: '' }
  const record = jobRecord(job, undefined, 0)
  const [span] = jobSpans(record, job, undefined)
  assert.deepEqual([record.route, span?.name], [undefined, 'POST'])
  assert.equal(span?.attributes['http.route'], undefined)
  const { owner, requestId, traceId, traceFlags, id: jobId } = endedJob
  const sent = { outcome: 'delivered', sendings: 1, durationMs: 1, payload: '{}' } as const
  const end = { owner, requestId, traceId, traceFlags, route: '', jobId, id: 'end', ...sent }
  assert.equal(callbackRecord(end, 5_000).route, undefined)
})

test('of a job whose end the clock puts before its beginning the span takes no time', () => {
  const job = { ...endedJob, endedAtMs: endedJob.acceptedAtMs - 60_000 }
  const [span] = jobSpans(jobRecord(job, undefined, 0), job, undefined)
  assert.equal(span?.durationMs, 0)
})

test('of a call-back that reached nobody the span tells why, and no status', () => {
  const { owner, requestId, traceId, traceFlags, route, id: jobId } = endedJob
  const job = { owner, requestId, traceId, traceFlags, route, jobId }
  const sent = { outcome: 'dead', reason: 'ECONNREFUSED', sendings: 1, durationMs: 1 } as const
  const end: CallbackEnd = { ...job, ...sent, id: 'end', payload: '{}' }
  const { attributes, startMs } = callbackSpan(callbackRecord(end, 5_000), end)
  assert.equal(attributes['error.type'], 'ECONNREFUSED')
  assert.equal(attributes[statusCode], undefined)
  assert.equal(attributes['http.request.resend_count'], undefined)
  // It is over when its record is made.
  assert.equal(startMs, 4_999)
})

const parent = { kind: SpanKind.SERVER, traceId: '1', spanId: '2', parentId: undefined, name: '' }
const own = { isError: false, attributes: {} }
const call = { method: 'GET', code: 'upstream-error', startMs: 0 }

test('a call to Magento is shown when it was, but within what it was made for', () => {
  const shown = (startMs: number, durationMs: number) => {
    const upstream = { startedAt: 0, spanId: '3', origin: 'http://magento', durationMs }
    const within = { ...parent, ...own, startMs: 100, durationMs: 50 }
    const span = magentoSpan(within, upstream, { ...call, startMs })
    return [span?.startMs, span?.durationMs]
  }
  assert.deepEqual(shown(120, 20), [120, 20])
  assert.deepEqual(shown(90, 20), [100, 20])
  assert.deepEqual(shown(145, 20), [130, 20])
  assert.deepEqual(shown(120, 80), [100, 50])
})

test('a call to Magento has the port of its scheme where its address has none', () => {
  const portOf = (origin: string) => {
    const upstream = { startedAt: 0, spanId: '3', origin, durationMs: 5 }
    const span = magentoSpan({ ...parent, ...own, startMs: 0, durationMs: 9 }, upstream, call)
    return span?.attributes['server.port']
  }
  const origins = ['http://magento', 'https://magento', 'https://magento:8443']
  assert.deepEqual(origins.map(portOf), [80, 443, 8443])
})

test('of a job the call to Magento is shown when it was', () => {
  const endedAtMs = Date.now()
  const job = { ...endedJob, endedAtMs }
  const upstream = { spanId: '3', origin: 'http://magento', status: 200, durationMs: 10_000 }
  const startedAt = performance.now() - 20_000
  const occasion = { upstream: { ...upstream, startedAt } }
  const run = { beganAtMs: endedAtMs - 60_000, isPoll: false, occasion }
  const [consumer, client] = jobSpans(jobRecord(job, undefined, 0), job, run)
  assert.ok(consumer && client && client.startMs > consumer.startMs)
})

test('what Magento refuses is an error of the call to it, by its status', () => {
  const times = { startMs: 0, durationMs: 9, ...own }
  const errorOf = (status: number) => {
    const upstream = { startedAt: 0, spanId: '3', origin: 'http://magento', status, durationMs: 5 }
    const span = magentoSpan({ ...parent, ...times }, upstream, call)
    return span?.isError ? span.attributes['error.type'] : undefined
  }
  assert.deepEqual([200, 399, 400, 503].map(errorOf), [undefined, undefined, '400', '503'])
})
