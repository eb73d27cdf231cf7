import assert from 'node:assert/strict'
import { test } from 'node:test'
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

test('keeps its own ids if a trusted proxy sends malformed ones', () => {
  const request = requestContext({
    headers: { 'X-Request-Id': 'a b', traceparent: `00-${'0'.repeat(32)}-00f067aa0ba902b7-01` },
  })
  request.viaTrustedProxy = true
  const { requestId, traceId: ours } = request
  check(request)
  assert.equal(request.requestId, requestId)
  assert.equal(request.traceId, ours)
})
