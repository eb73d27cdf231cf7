import assert from 'node:assert/strict'
import { text as wholeText } from 'node:stream/consumers'
import { test } from 'node:test'
import { Registry } from 'prom-client'
import { exposition } from '../../src/record/metrics/exposition.ts'
import { requestMetrics } from '../../src/record/metrics/request-metrics.ts'
import { buildRecord } from '../support/build-record.ts'
import { requestContext } from '../support/request.ts'

test('what begins for a request after its caller has left adds to no time and takes none away', async () => {
  const request = requestContext()
  request.endedAt = request.startedAt + 5
  request.upstream = { startedAt: request.endedAt + 2, spanId: '', origin: '' }
  request.waitsSince = request.endedAt + 2
  const record = buildRecord(request)
  assert.deepEqual([record.durationMs, record.upstreamMs], [5, 0])
  const registry = new Registry()
  requestMetrics(registry)(record, request)
  const text = await wholeText(exposition(registry))
  for (const [part, seconds] of [
    ['upstream', '0'],
    ['own', '0.005'],
  ]) {
    assert.match(
      text,
      new RegExp(`^magegate_${part}_duration_seconds_sum\\{.*\\} ${seconds}$`, 'm'),
    )
  }
})
