import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isNotModified } from '../../../src/forward/response-cache/preconditions.ts'

const second = 'Sat, 28 Nov 2026 09:00:00 GMT'
const sinceThen = ['If-Modified-Since', second]

/** Whether a caller has an answer with the tag `W/"a"` that was modified so many milliseconds after that second. */
function isKnown(rawHeaders: readonly string[], afterMs: number): boolean {
  return isNotModified(rawHeaders, {
    headers: [],
    body: Buffer.alloc(0),
    etag: 'W/"a"',
    modifiedAtMs: Date.parse(second) + afterMs,
    askedAtMs: 0,
    initialAgeMs: 0,
    receivedAtMs: 0,
    terms: undefined,
    validators: [],
  })
}

test('RFC 9110, section 13.1.3: a caller has what was modified until the second that it names', () => {
  assert.equal(isKnown(sinceThen, -1), true)
  assert.equal(isKnown(sinceThen, 999), true)
  assert.equal(isKnown(sinceThen, 1_000), false)
  assert.equal(isKnown(['If-Modified-Since', 'yesterday'], -1), false)
})

test('RFC 9110, section 13.1.3: a time does not count beside tags', () => {
  assert.equal(isKnown(['If-None-Match', '"b"', ...sinceThen], -1), false)
  assert.equal(isKnown(['If-None-Match', '"b", "a"', ...sinceThen], 1_000), true)
})
