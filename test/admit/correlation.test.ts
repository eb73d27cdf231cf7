import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { correlation } from '../../src/admit/correlation.ts'
import { requestContext } from '../support/request.ts'
import { services } from '../support/services.ts'

const check = correlation.prepare({}, services())
const traceId = '4bf92f3577b34da6a3ce929d0e0e4736'
const headers = {
  'X-Request-Id': 'edge-7f3a9c11',
  traceparent: `00-${traceId}-00f067aa0ba902b7-01`,
}

test("takes over a trusted proxy's request id and trace id", () => {
  const request = requestContext({ headers })
  request.viaTrustedProxy = true
  check(request)
  assert.equal(request.requestId, 'edge-7f3a9c11')
  assert.equal(request.traceId, traceId)
})

test('never accepts them from other callers', () => {
  const request = requestContext({ headers })
  const { requestId, traceId: ours } = request
  check(request)
  assert.equal(request.requestId, requestId)
  assert.equal(request.traceId, ours)
})

function throughProxy(fields: Readonly<Record<string, string>>) {
  const request = requestContext({ headers: fields })
  request.viaTrustedProxy = true
  const own = { requestId: request.requestId, traceId: request.traceId }
  check(request)
  return { request, own }
}

describe('keeps its own ids if a trusted proxy sends malformed ones', () => {
  for (const [what, traceparent] of Object.entries({
    nothing: '',
    'an id of zeros': `00-${'0'.repeat(32)}-00f067aa0ba902b7-01`,
    'a parent of zeros': `00-${traceId}-${'0'.repeat(16)}-01`,
    'the invalid version': `ff-${traceId}-00f067aa0ba902b7-01`,
    'version 00 with more behind it': `00-${traceId}-00f067aa0ba902b7-01-more`,
    'a later version with more behind it, but no dash': `01-${traceId}-00f067aa0ba902b7-01more`,
    'a part that is missing': `00-${traceId}-01`,
  })) {
    test(what, () => {
      const { request, own } = throughProxy({ 'X-Request-Id': 'a b', traceparent })
      assert.deepEqual({ requestId: request.requestId, traceId: request.traceId }, own)
      assert.equal(request.continuesTrace, false)
    })
  }
})

test('takes over a request id of 8 to 64 characters', () => {
  for (const length of [7, 8, 64, 65]) {
    const id = 'x'.repeat(length)
    const { request } = throughProxy({ 'X-Request-Id': id })
    assert.equal(request.requestId === id, length === 8 || length === 64, String(length))
  }
})

test('takes over what it knows of a later version', () => {
  for (const traceparent of [
    `01-${traceId}-00f067aa0ba902b7-01`,
    `cc-${traceId}-00f067aa0ba902b7-01-what-the-future-will-be-like`,
  ]) {
    const { request } = throughProxy({ traceparent })
    assert.deepEqual([request.traceId, request.traceFlags], [traceId, '01'])
    assert.equal(request.parentSpanId, '00f067aa0ba902b7')
    assert.equal(request.continuesTrace, true)
  }
})

test('takes over no flag but those that are defined', () => {
  for (const [received, known] of [
    ['00', '00'],
    ['03', '03'],
    ['ff', '03'],
    ['fc', '00'],
  ]) {
    const { request } = throughProxy({ traceparent: `00-${traceId}-00f067aa0ba902b7-${received}` })
    assert.equal(request.traceFlags, known)
  }
})

test('asks whether to sample with the flags of a parent, and with none where there is no parent', () => {
  const asked: unknown[] = []
  const sampleTrace = (id: string, parentFlags: string | undefined) => {
    asked.push([id, parentFlags])
    return '01'
  }
  const sampling = correlation.prepare({}, { ...services(), sampleTrace })
  const own = requestContext()
  sampling(own)
  const continued = requestContext({
    headers: { traceparent: headers.traceparent.replace(/1$/, '0') },
  })
  continued.viaTrustedProxy = true
  sampling(continued)
  assert.deepEqual(asked, [
    [own.traceId, undefined],
    [traceId, '00'],
  ])
  assert.equal(continued.traceFlags, '01')
})
