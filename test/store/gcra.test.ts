import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { takeFromBucket } from '../../src/store/gcra.ts'

/** A token bucket told plainly: so many tokens, refilled with time, one for each request. */
function plainBucket(ratePerSecond: number, burst: number) {
  let tokens = burst
  let lastMs = 0
  return (nowMs: number): boolean => {
    tokens = Math.min(burst, tokens + ((nowMs - lastMs) / 1000) * ratePerSecond)
    lastMs = nowMs
    if (tokens < 1 - 1e-6) return false
    tokens -= 1
    return true
  }
}

const limits = fc.record({
  ratePerSecond: fc.constantFrom(1 / 60, 0.5, 1, 3, 7, 20, 100, 1000),
  burst: fc.integer({ min: 1, max: 50 }),
})
const gaps = fc.array(fc.integer({ min: 0, max: 5000 }), { minLength: 1, maxLength: 200 })

test('decides as a plain token bucket does', () => {
  fc.assert(
    fc.property(limits, gaps, (limit, waits) => {
      const plain = plainBucket(limit.ratePerSecond, limit.burst)
      let fullAtMs = 0
      let nowMs = 1_000_000
      plain(nowMs)
      fullAtMs = takeFromBucket(limit, fullAtMs, nowMs).fullAtMs
      for (const wait of waits) {
        nowMs += wait
        const decision = takeFromBucket(limit, fullAtMs, nowMs)
        assert.equal(decision.isAllowed, plain(nowMs))
        fullAtMs = decision.fullAtMs
      }
    }),
    { numRuns: 500 },
  )
})

test('admits a caller after the time that it was told to wait, and not a little earlier', () => {
  fc.assert(
    fc.property(limits, (limit) => {
      let fullAtMs = 0
      for (let taken = 0; taken < limit.burst; taken += 1) {
        const decision = takeFromBucket(limit, fullAtMs, 0)
        assert.equal(decision.isAllowed, true)
        fullAtMs = decision.fullAtMs
      }
      const refused = takeFromBucket(limit, fullAtMs, 0)
      assert.equal(refused.isAllowed, false)
      assert.equal(refused.fullAtMs, fullAtMs)
      assert.equal(takeFromBucket(limit, fullAtMs, refused.retryAfterMs).isAllowed, true)
      assert.equal(takeFromBucket(limit, fullAtMs, refused.retryAfterMs * 0.99).isAllowed, false)
    }),
  )
})

test('after its limit is edited, a bucket is at most empty, and fills at the new rate', () => {
  const perHour = { ratePerSecond: 1 / 3600, burst: 2 }
  const first = takeFromBucket(perHour, 0, 1_000)
  const { fullAtMs } = takeFromBucket(perHour, first.fullAtMs, 1_000)
  const perSecond = { ratePerSecond: 1, burst: 2 }
  const refused = takeFromBucket(perSecond, fullAtMs, 1_000)
  assert.equal(refused.isAllowed, false)
  assert.equal(refused.retryAfterMs, 1_000)
  assert.equal(takeFromBucket(perSecond, refused.fullAtMs, 2_000).isAllowed, true)
})
