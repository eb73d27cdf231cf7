import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { callbackPayload } from '../../src/callbacks/callback-payload.ts'
import type { Job } from '../../src/jobs/job.ts'
import { endedJob } from '../support/ended-job.ts'

function payloadOf(change: Partial<Job>) {
  return JSON.parse(callbackPayload({ ...endedJob, ...change }))
}

describe('the payload of a call-back', () => {
  test('says which job ended how and when, and what Magento answered', () => {
    assert.deepEqual(payloadOf({}), {
      type: 'job.succeeded',
      timestamp: '2026-11-28T09:00:05.000Z',
      data: {
        id: '0d0a6a1e-3c57-4c8e-9d0e-5d6a5f1f7c11',
        state: 'done',
        route: 'POST /V1/products',
        acceptedAt: '2026-11-28T09:00:00.000Z',
        endedAt: '2026-11-28T09:00:05.000Z',
        attempts: 2,
        status: 200,
      },
    })
  })

  test('has a type for every end', () => {
    const ends = ['done', 'partial', 'failed', 'cancelled'] as const
    assert.deepEqual(
      ends.map((state) => payloadOf({ state }).type),
      ['job.succeeded', 'job.partial', 'job.failed', 'job.cancelled'],
    )
  })

  test('counts items, and tells a failure as the job shows it', () => {
    const { data } = payloadOf({
      state: 'partial',
      progress: { total: 10_000, done: 9_000, failed: 3 },
      failure: { code: 'upstream-unavailable', detail: 'Magento is in maintenance.' },
    })
    assert.deepEqual(data.items, { total: 10_000, succeeded: 8_997, failed: 3 })
    assert.deepEqual(data.failure, {
      code: 'upstream-unavailable',
      detail: 'Magento is in maintenance.',
    })
  })

  test('holds nothing of what was sent and answered', () => {
    const text = callbackPayload({
      ...endedJob,
      answer: {
        status: 200,
        contentType: 'application/json',
        body: Buffer.from('{"customer":"jane"}'),
      },
    })
    assert.ok(!text.includes('jane') && !text.includes('customer'))
    assert.ok(!text.includes(endedJob.owner) && !text.includes(endedJob.requestId))
  })

  test('stays below 20 KiB, whatever a failure says', () => {
    const failure = { code: 'upstream-error', detail: '€'.repeat(1_000_000) } as const
    const route = `POST /V1/${'x'.repeat(1_000_000)}`
    const payload = callbackPayload({ ...endedJob, state: 'failed', failure, route })
    assert.ok(Buffer.byteLength(payload) < 20_480)
  })

  test('has a text of a thousand characters whole, and of a longer one as much', () => {
    const detailOf = (length: number) =>
      payloadOf({ failure: { code: 'upstream-error', detail: 'x'.repeat(length) } }).data.failure
        .detail
    assert.equal(detailOf(1_000), 'x'.repeat(1_000))
    assert.equal(detailOf(1_001), `${'x'.repeat(1_000)}…`)
  })

  test('is not made for a job that is not over', () => {
    assert.throws(() => payloadOf({ state: 'running' }), TypeError)
    const { endedAtMs: _, ...running } = endedJob
    assert.throws(() => callbackPayload({ ...running, state: 'done' }), TypeError)
  })
})
