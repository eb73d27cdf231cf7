import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Limit } from '../../../src/contract/limit.ts'
import { memoryLimits } from '../../../src/store/limits/memory-limits.ts'
import { chargeOn, concurrencyOf, quotaOf, rateOf } from '../../support/limits.ts'

/** Limits on a clock that goes when it is told to; milliseconds since the epoch. */
function simulated(startMs = Date.UTC(2026, 0, 30, 12)) {
  let nowMs = startMs
  const clock = () => nowMs
  const decide = memoryLimits({ monotonic: clock, wall: clock })
  return {
    advance: (byMs: number) => {
      nowMs += byMs
    },
    now: clock,
    take: (list: readonly Limit[], cost = 1) => {
      const decision = decide(chargeOn(list, { cost }))
      if (decision.outcome !== 'decided') throw new Error('not decided')
      return decision
    },
  }
}

/** A pseudo-random sequence that is the same in every run; at least 0, below 1. */
function randomFrom(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

/** A token bucket told plainly, in exact fractions: tokens are BigInt parts of a token. */
function plainBucket({ count, unitSeconds, burst }: ReturnType<typeof rateOf>, startMs: number) {
  const parts = BigInt(unitSeconds) * 1_000_000n
  const size = BigInt(burst) * parts
  let tokens = size
  let lastUs = BigInt(startMs) * 1000n
  return (nowMs: number, cost: number): boolean => {
    const nowUs = BigInt(nowMs) * 1000n
    tokens += (nowUs - lastUs) * BigInt(count)
    if (tokens > size) tokens = size
    lastUs = nowUs
    const wanted = BigInt(Math.min(cost, burst)) * parts
    if (tokens < wanted) return false
    tokens -= wanted
    return true
  }
}

test('decides a million steps as a plain token bucket does, and in no window more than rate and burst', () => {
  const rates = [
    rateOf(20, 1, 40),
    rateOf(7, 60, 3),
    rateOf(999_999_937, 3600, 1_000_000),
    rateOf(1, 3600, 1),
    rateOf(3, 1, 100),
  ]
  const random = randomFrom(1)
  for (const limit of rates) {
    const clock = simulated()
    const plain = plainBucket(limit, clock.now())
    const tokenMs = (limit.unitSeconds * 1000) / limit.count
    // Over all windows that end now: what passed, less what the rate grants, at its lowest before.
    let passed = 0
    let lowest = 0
    const startMs = clock.now()
    for (let step = 0; step < 200_000; step += 1) {
      clock.advance(Math.floor(random() * tokenMs * 2.5))
      const cost = 1 + Math.floor(random() * 3)
      const { isAllowed } = clock.take([limit], cost)
      assert.equal(isAllowed, plain(clock.now(), cost))
      const granted = ((clock.now() - startMs) / 1000 / limit.unitSeconds) * limit.count
      lowest = Math.min(lowest, passed - granted)
      if (isAllowed) passed += Math.min(cost, limit.burst)
      assert.ok(passed - granted - lowest <= limit.burst + 1e-3)
    }
  }
})

test('lets a caller through after the time that it was told to wait, and not a little earlier', () => {
  const limits = fc.record({
    count: fc.constantFrom(1, 3, 7, 60, 1000),
    unitSeconds: fc.constantFrom(1, 60, 3600),
    burst: fc.integer({ min: 1, max: 50 }),
    cost: fc.integer({ min: 1, max: 60 }),
  })
  fc.assert(
    fc.property(limits, ({ count, unitSeconds, burst, cost }) => {
      const limit = rateOf(count, unitSeconds, burst)
      const clock = simulated()
      while (clock.take([limit]).isAllowed);
      const [state] = clock.take([limit], cost).states
      const waitMs = state?.retryAfterMs ?? 0
      assert.ok(waitMs > 0)
      clock.advance(Math.ceil(waitMs) - 1)
      assert.equal(clock.take([limit], cost).isAllowed, false)
      clock.advance(1)
      assert.equal(clock.take([limit], cost).isAllowed, true)
    }),
  )
})

test('a quota is whole again when its calendar period is over, not before', () => {
  const clock = simulated(Date.UTC(2024, 1, 29, 23, 59, 59))
  const limits = [quotaOf(2, 'hour'), quotaOf(3, 'month')]
  assert.equal(clock.take(limits).isAllowed, true)
  assert.equal(clock.take(limits).isAllowed, true)
  const { isAllowed, states } = clock.take(limits)
  assert.equal(isAllowed, false)
  assert.deepEqual(
    states.map(({ isExceeded, remaining, retryAfterMs }) => [isExceeded, remaining, retryAfterMs]),
    [
      [true, 0, 1000],
      [false, 1, 0],
    ],
  )
  clock.advance(1000)
  assert.equal(clock.take(limits).isAllowed, true)
  assert.deepEqual(
    clock.take(limits).states.map(({ remaining }) => remaining),
    [0, 1],
  )
  assert.equal(clock.take(limits).isAllowed, false)
})

test('a quota is not whole again where the clock is set back over the end of a period', () => {
  const clock = simulated(Date.UTC(2026, 0, 31))
  const limits = [quotaOf(1, 'day'), quotaOf(1, 'month')]
  assert.equal(clock.take(limits).isAllowed, true)
  clock.advance(-1000)
  const { isAllowed, states } = clock.take(limits)
  assert.equal(isAllowed, false)
  const dayMs = 86_400_000
  assert.deepEqual(
    states.map(({ resetMs }) => resetMs),
    [dayMs + 1000, dayMs + 1000],
  )
  clock.advance(dayMs + 1000)
  assert.equal(clock.take(limits).isAllowed, true)
})

test('charges nothing where one limit refuses', () => {
  const clock = simulated()
  const [rate, quota, concurrency] = [rateOf(1, 1, 5), quotaOf(1, 'day'), concurrencyOf(2)]
  const first = clock.take([rate, quota, concurrency])
  first.release?.()
  for (let attempt = 0; attempt < 10; attempt += 1) {
    assert.equal(clock.take([rate, quota, concurrency]).isAllowed, false)
  }
  assert.equal(clock.take([rate]).states[0]?.remaining, 3)
  assert.equal(clock.take([concurrency]).states[0]?.remaining, 1)
})

test('holds so many at once, until they are given back', () => {
  const clock = simulated()
  const limit = concurrencyOf(2)
  const [first] = [clock.take([limit]), clock.take([limit])]
  assert.equal(clock.take([limit]).isAllowed, false)
  first.release?.()
  assert.equal(clock.take([limit]).isAllowed, true)
  assert.equal(clock.take([limit]).isAllowed, false)
})

test('a limit that is only reported says that it is exceeded, refuses nothing and is charged no further', () => {
  const clock = simulated()
  const reported = { ...rateOf(1, 1, 2), isReportOnly: true }
  const enforced = quotaOf(10, 'day')
  const seen = Array.from({ length: 4 }, () => clock.take([reported, enforced]))
  assert.deepEqual(
    seen.map(({ isAllowed, states }) => [isAllowed, states[0]?.isExceeded, states[1]?.remaining]),
    [
      [true, false, 9],
      [true, false, 8],
      [true, true, 7],
      [true, true, 6],
    ],
  )
  clock.advance(1000)
  assert.equal(clock.take([reported, enforced]).states[0]?.isExceeded, false)
})

test('places beyond a number that is only reported are not held', () => {
  const clock = simulated()
  const reported = { ...concurrencyOf(1), isReportOnly: true }
  const first = clock.take([reported])
  const second = clock.take([reported])
  assert.deepEqual([second.isAllowed, second.states[0]?.isExceeded], [true, true])
  assert.equal(second.release, undefined)
  first.release?.()
  assert.equal(clock.take([reported]).states[0]?.isExceeded, false)
})

test('keeps what was used when the rate is edited', () => {
  const clock = simulated()
  while (clock.take([rateOf(60, 60, 10)]).isAllowed);
  const inOtherUnit = clock.take([rateOf(1, 1, 10)])
  assert.equal(inOtherUnit.isAllowed, false)
  assert.equal(inOtherUnit.states[0]?.retryAfterMs, 1000)
  const larger = clock.take([rateOf(1, 1, 15)])
  assert.equal(larger.states[0]?.remaining, 4)
  const smaller = clock.take([rateOf(1, 1, 3)])
  assert.equal(smaller.isAllowed, false)
  assert.equal(smaller.states[0]?.retryAfterMs, 1000)
  clock.advance(1000)
  assert.equal(clock.take([rateOf(1, 1, 3)]).isAllowed, true)
})

test('charges the whole limit if a request costs more than that', () => {
  const clock = simulated()
  const limit = rateOf(1, 1, 10)
  assert.equal(clock.take([limit], 500).isAllowed, true)
  assert.equal(clock.take([limit], 500).states[0]?.retryAfterMs, 10_000)
  const quota = quotaOf(10, 'day')
  assert.equal(clock.take([quota], 500).isAllowed, true)
  assert.equal(clock.take([quota], 1).isAllowed, false)
})
