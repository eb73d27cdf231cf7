import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { nextSending } from '../../src/contract/retry-schedule.ts'

const hourMs = 3_600_000
const retry = { firstMs: 5_000, longestMs: hourMs }
const dayMs = 24 * hourMs

describe('the time of the next sending', () => {
  test('doubles the wait up to the longest', () => {
    const waits = Array.from({ length: 13 }, (_, index) =>
      nextSending(retry, { sendings: index + 1, nowMs: 0, expiresAtMs: dayMs }, 0),
    )
    assert.deepEqual(waits, [
      ...[5_000, 10_000, 20_000, 40_000, 80_000, 160_000, 320_000, 640_000, 1_280_000, 2_560_000],
      ...[hourMs, hourMs, hourMs],
    ])
  })

  test('is a number however often it was sent', () => {
    const failed = { sendings: 1_000_000, nowMs: 0, expiresAtMs: dayMs }
    assert.equal(nextSending(retry, failed, 0), hourMs)
  })

  test('is taken apart by chance, to half of the wait and not below', () => {
    const failed = { sendings: 1, nowMs: 1_000, expiresAtMs: dayMs }
    assert.equal(nextSending(retry, failed, 0.5), 4_750)
    assert.equal(nextSending(retry, failed, 1 - Number.EPSILON), 3_501)
  })

  test('is as late as the receiver asks, and not earlier than without asking', () => {
    const failed = { sendings: 1, nowMs: 0, expiresAtMs: dayMs }
    assert.equal(nextSending(retry, { ...failed, retryAfterMs: 60_000 }, 0), 60_000)
    assert.equal(nextSending(retry, { ...failed, retryAfterMs: 0 }, 0), 5_000)
  })

  test('is the last moment for a receiver that asks for more than there is', () => {
    const failed = { sendings: 1, nowMs: 0, expiresAtMs: dayMs, retryAfterMs: 999_999_999_000 }
    assert.equal(nextSending(retry, failed, 0), dayMs)
  })

  test('is the last moment where the wait is longer than what is left, and none after that', () => {
    const failed = { sendings: 1, nowMs: dayMs - 4_999, expiresAtMs: dayMs }
    assert.equal(nextSending(retry, failed, 0), dayMs)
    assert.equal(nextSending(retry, { ...failed, nowMs: dayMs - 1 }, 0), dayMs)
    assert.equal(nextSending(retry, { ...failed, nowMs: dayMs }, 0), undefined)
  })
})
