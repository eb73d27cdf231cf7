import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { retryAfterMs } from '../../src/callbacks/retry-after.ts'

describe('what an answer asks to be waited', () => {
  const nowMs = Date.parse('2026-11-28T09:00:00Z')

  test('is seconds or a date', () => {
    assert.equal(retryAfterMs('120', nowMs), 120_000)
    assert.equal(retryAfterMs('Sat, 28 Nov 2026 09:05:00 GMT', nowMs), 300_000)
    assert.equal(retryAfterMs('Sat, 28 Nov 2026 08:00:00 GMT', nowMs), 0)
  })

  test('is nothing where it cannot be read', () => {
    const unreadable = [undefined, '', '-1', '1.5', '1e3', 'soon', '9'.repeat(10), '2026-11-28']
    for (const value of [...unreadable, 'Sat, 99 Nov 2026 09:05:00 GMT']) {
      assert.equal(retryAfterMs(value, nowMs), undefined, String(value))
    }
  })
})
