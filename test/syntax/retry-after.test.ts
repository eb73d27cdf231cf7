import assert from 'node:assert/strict'
import { test } from 'node:test'
import { retryAfterMs, retryAfterSeconds } from '../../src/syntax/retry-after.ts'

const now = Date.parse('2026-11-28T08:00:00Z')

test('Retry-After is read as seconds and as a date', () => {
  assert.equal(retryAfterSeconds('0', now), 0)
  assert.equal(retryAfterSeconds('120', now), 120)
  assert.equal(retryAfterSeconds('Sat, 28 Nov 2026 08:01:30 GMT', now), 90)
  // RFC 9110, section 5.6.7: whoever reads a date must accept its old forms.
  assert.equal(retryAfterSeconds('Saturday, 28-Nov-26 08:01:30 GMT', now), 90)
  assert.equal(retryAfterSeconds('Sat Nov 28 08:01:30 2026', now), 90)
  assert.equal(retryAfterSeconds('Sat, 28 Nov 2026 08:00:01 GMT', now + 1), 1)
  assert.equal(retryAfterSeconds('Sun, 06 Nov 1994 08:49:37 GMT', now), 0)
  assert.equal(retryAfterMs('120', now), 120_000)
  assert.equal(retryAfterMs('Sat, 28 Nov 2026 08:00:01 GMT', now + 1), 999)
})

test('a value of another form is ignored', () => {
  const others = [undefined, '', '-1', '1.5', '1e3', 'soon', '9999999999', '2026-11-28T08:01:30Z']
  for (const value of [...others, 'Sat, 99 Xyz 2026 08:01:30 GMT']) {
    assert.equal(retryAfterMs(value, now), undefined, String(value))
    assert.equal(retryAfterSeconds(value, now), undefined, String(value))
  }
})
