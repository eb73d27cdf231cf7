import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SpanKind } from '@opentelemetry/api'
import { resourceFromAttributes } from '@opentelemetry/resources'
import { requestSpans } from '../../src/record/tracing/request-spans.ts'
import { prepareSampler } from '../../src/record/tracing/sampler.ts'
import { makeSpan } from '../../src/record/tracing/span.ts'
import { buildRecord } from '../support/build-record.ts'
import { requestContext } from '../support/request.ts'

test('a request is shown with what its record has, and its call to Magento when that was', () => {
  const request = requestContext({ isTls: true, target: '/rest/V1/products?fields=sku' })
  const { startedAt, arrivedAtMs } = request
  request.endedAt = startedAt + 50
  request.upstream = {
    ...{ startedAt: startedAt + 20, durationMs: 10, status: 200 },
    ...{ spanId: '1', origin: 'https://magento' },
  }
  const record = { ...buildRecord(request), policy: 'rate-limit' }
  const [server, client] = requestSpans(record, request)
  const { attributes } = server ?? {}
  assert.equal(attributes?.['url.scheme'], 'https')
  assert.equal(attributes['url.query'], record.query)
  assert.ok(record.query)
  assert.equal(attributes['magegate.policy'], 'rate-limit')
  assert.deepEqual([client?.startMs, client?.durationMs], [arrivedAtMs + 20, 10])
})

test('a call to Magento that goes on after the caller has left is shown until then', () => {
  const request = requestContext()
  const { startedAt, arrivedAtMs } = request
  request.hasCallerLeft = true
  request.endedAt = startedAt + 50
  request.upstream = { startedAt: startedAt + 20, spanId: '1', origin: 'https://magento' }
  const record = buildRecord(request)
  const [, client] = requestSpans(record, request)
  assert.deepEqual([client?.startMs, client?.durationMs], [arrivedAtMs + 20, record.upstreamMs])
  assert.equal(client?.attributes['error.type'], 'client-closed')
})

test('the times of a span are exact to a part of a millisecond', () => {
  const { startTime, endTime, duration } = makeSpan(
    {
      ...{ kind: SpanKind.SERVER, traceId: '1', spanId: '2', parentId: undefined, name: '' },
      ...{ startMs: 1_500.25, durationMs: 0.5, isError: false, attributes: {} },
    },
    { resource: resourceFromAttributes({}), redact: (text) => text },
  )
  assert.deepEqual(
    [startTime, endTime, duration],
    [
      [1, 500_250_000],
      [1, 500_750_000],
      [0, 500_000],
    ],
  )
})

test('a caller that is trusted decides what is sampled where the sampler is one of parents, and nowhere else', () => {
  const traceId = '0af7651916cd43dd8448eb211c80319c'
  for (const [isParentBased, told] of [
    [true, ['00', '00', '01', '01']],
    [false, ['00', '00', '00', '00']],
  ] as const) {
    const sample = prepareSampler({ ratio: 0, isParentBased })
    // Of the flags only the last one says it.
    const flags = [undefined, '02', '01', '03']
    assert.deepEqual(
      flags.map((each) => sample(traceId, each)),
      told,
    )
  }
})
