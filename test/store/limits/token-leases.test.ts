import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Charge } from '../../../src/contract/limit.ts'
import { Secret } from '../../../src/contract/secret.ts'
import { tokenLeases } from '../../../src/store/limits/token-leases.ts'
import {
  allowedOf,
  chargeOn,
  decide,
  openTestStore,
  quotaOf,
  rateOf,
} from '../../support/limits.ts'
import { scriptCalls, startRedis, withClient } from '../../support/redis.ts'
import { openSlowLink } from '../../support/slow-link.ts'

/** With all the time that a machine under load may need. */
function open(url: string, settings: Parameters<typeof openTestStore>[1] = {}) {
  return openTestStore({ url: new Secret(url) }, { deadlineMs: 5_000, ...settings })
}

describe('tokens that are leased', () => {
  const leased = (over: Partial<Charge> = {}) =>
    chargeOn([rateOf(1, 3600, 100)], { leaseTokens: 10, ...over })

  test('are charged in advance, so that two processes together never use more than there are', async () => {
    await using redis = await startRedis()
    using first = await open(redis.url)
    using second = await open(redis.url)
    for (const limits of [
      [rateOf(1, 3600, 100)],
      [rateOf(1, 3600, 300, 'b'), quotaOf(100, 'day', 'b')],
    ]) {
      const charge = leased({ limits })
      const decisions = await Promise.all(
        Array.from({ length: 300 }, (_, index) =>
          decide((index % 2 ? first : second).store, charge),
        ),
      )
      assert.equal(decisions.filter(({ isAllowed }) => isAllowed).length, 100)
    }
  })

  test('exceed a later window by at most the lease of each process', async () => {
    await using redis = await startRedis()
    using first = await open(redis.url)
    using second = await open(redis.url)
    const charge = leased()
    // Both take a lease and use one token of it; then others have emptied the bucket.
    assert.equal((await decide(first.store, charge)).states[0]?.remaining, 99)
    assert.equal((await decide(second.store, charge)).states[0]?.remaining, 89)
    using others = await open(redis.url)
    assert.equal(await allowedOf(others.store, chargeOn(charge.limits), 200), 80)
    assert.equal(await allowedOf(first.store, charge, 50), 9)
    assert.equal(await allowedOf(second.store, charge, 50), 9)
  })

  test('are kept when the configuration is read anew, also where the limit is edited', async () => {
    await using redis = await startRedis()
    using opened = await open(redis.url)
    assert.equal(await allowedOf(opened.store, leased(), 1), 1)
    using others = await open(redis.url)
    assert.equal(await allowedOf(others.store, chargeOn(leased().limits), 200), 90)
    assert.equal(await allowedOf(opened.store, leased(), 4), 4)
    const edited = chargeOn([rateOf(2, 3600, 100)], { leaseTokens: 10 })
    assert.equal(await allowedOf(opened.store, edited, 1), 1)
    // A shorter lease holds no more than it says, whether the limit is edited with it or not.
    const shorter = chargeOn([rateOf(2, 3600, 100)], { leaseTokens: 3 })
    assert.equal(await allowedOf(opened.store, shorter, 1), 1)
    const shortest = chargeOn([rateOf(3, 3600, 100)], { leaseTokens: 1 })
    assert.equal(await allowedOf(opened.store, shortest, 50), 1)
    assert.equal(await allowedOf(opened.store, leased(), 50), 0)
  })

  test('are used once, by the former configuration or by the one that takes them over', async () => {
    await using redis = await startRedis()
    using opened = await open(redis.url, { monotonic: () => 0 })
    const [former, edited, larger] = [100, 100, 150].map((burst, index) =>
      chargeOn([rateOf(1 + index, 3600, burst)], { leaseTokens: 10 }),
    ) as [Charge, Charge, Charge]
    assert.equal(await allowedOf(opened.store, former, 91), 91)
    assert.equal(await allowedOf(opened.store, edited, 1), 1)
    assert.equal(await allowedOf(opened.store, former, 50), 0)
    assert.equal(await allowedOf(opened.store, edited, 50), 8)
    // What was refused under a smaller limit is asked for again under a larger one.
    assert.equal(await allowedOf(opened.store, larger, 1), 1)
  })

  test('hold no more than a limit has that is only reported, so that all requests beyond it are', async () => {
    await using redis = await startRedis()
    using opened = await open(redis.url)
    const reported = { ...rateOf(1, 3600, 25), isReportOnly: true }
    const charge = leased({ limits: [reported, quotaOf(100, 'day')] })
    const exceeds = async (cost: number) => {
      const { isAllowed, states } = await decide(opened.store, { ...charge, cost })
      assert.equal(isAllowed, true)
      return states[0]?.isExceeded
    }
    assert.equal(await exceeds(1), false)
    // This one exceeds it, and those after it are paid for by the lease that the first one took.
    assert.equal(await exceeds(20), true)
    const rest = []
    for (let attempt = 0; attempt < 40; attempt += 1) rest.push(await exceeds(1))
    assert.equal(rest.indexOf(true), 24)
    assert.equal(rest.filter((isExceeded) => isExceeded).length, 16)
  })

  test('need one command for many requests, also while they are refused', async () => {
    await using redis = await startRedis()
    using opened = await open(redis.url, { monotonic: () => 0 })
    assert.equal(await allowedOf(opened.store, leased(), 200), 100)
    // Ten leases and one refusal.
    assert.equal(await scriptCalls(redis.url), 11)
  })

  test('serve requests that cost more than a lease, and those that cost less when these are refused', async () => {
    await using redis = await startRedis()
    using opened = await open(redis.url)
    const charge = leased()
    assert.equal((await decide(opened.store, { ...charge, cost: 95 })).isAllowed, true)
    assert.equal((await decide(opened.store, { ...charge, cost: 6 })).isAllowed, false)
    assert.equal(await allowedOf(opened.store, charge, 10), 5)
  })

  test('do not include what a request costs beyond the limit, whoever asks meanwhile', async () => {
    await using redis = await startRedis()
    using opened = await open(redis.url)
    for (let turns = 0; turns < 12; turns += 1) {
      const charge = chargeOn([rateOf(1, 3600, 10, `integration-${turns}`)], { leaseTokens: 5 })
      const dear = decide(opened.store, { ...charge, cost: 10_000 })
      // Answered with the former; the other asks so many turns of the queue later.
      await opened.store.useNonce('a', `nonce-${turns}`, 60_000)
      for (let turn = 0; turn < turns; turn += 1) await null
      const other = decide(opened.store, charge)
      const { isAllowed, states } = await dear
      assert.deepEqual([isAllowed, states[0]?.remaining], [true, 0])
      assert.equal((await other).isAllowed, false)
      assert.equal(await allowedOf(opened.store, charge, 20), 0)
    }
  })

  test('do not have requests that come together wait for one another until Redis counts as away', async () => {
    await using redis = await startRedis()
    await using link = await openSlowLink(redis.port)
    using opened = await open(`redis://127.0.0.1:${link.port}/0`, { deadlineMs: 2_000 })
    const { store } = opened
    // Before, the script was not known.
    await decide(store, chargeOn([rateOf(1, 1, 1, 'another')]))
    link.delayMs = 100
    for (const [cost, integration, commands] of [
      [10, 'as-much-as-a-lease', 50],
      [6, 'less', 2],
    ] as const) {
      const before = await scriptCalls(redis.url)
      const charge = leased({ limits: [rateOf(1, 3600, 500, integration)], cost })
      const decisions = await Promise.all(Array.from({ length: 50 }, () => decide(store, charge)))
      assert.equal(decisions.filter(({ isAllowed }) => isAllowed).length, 50)
      // Each held back for all of the others, their time would have been over.
      assert.deepEqual(opened.lines, [])
      assert.equal((await scriptCalls(redis.url)) - before, commands)
      const held = (await decide(store, charge)).states[0]?.remaining ?? 0
      const left = (await decide(store, chargeOn(charge.limits))).states[0]?.remaining ?? 0
      assert.ok(held - left <= 10 + 1)
    }
  })

  test('do not have requests wait for one another while two round trips take longer than the deadline', async () => {
    await using redis = await startRedis()
    await using link = await openSlowLink(redis.port)
    using opened = await open(`redis://127.0.0.1:${link.port}/0`, { deadlineMs: 750 })
    const ask = () => decide(opened.store, leased())
    // Before, the script was not known.
    await decide(opened.store, chargeOn([rateOf(1, 1, 1, 'another')]))
    link.delayMs = 400
    await ask()
    const decisions = await Promise.all(Array.from({ length: 50 }, ask))
    assert.equal(decisions.filter(({ isAllowed }) => isAllowed).length, 50)
    assert.deepEqual(opened.lines, [])
    // The first lease and one more, and those who did not wait for that.
    assert.equal(await scriptCalls(redis.url), 1 + 2 + 40)
  })

  test('do not have a request refused without a reason after a cheaper one got through', async () => {
    await using redis = await startRedis()
    using opened = await open(redis.url)
    const ask = (cost: number) => decide(opened.store, leased({ cost }))
    assert.equal((await ask(60)).isAllowed, true)
    const refused = await ask(50)
    assert.equal((await ask(1)).isAllowed, true)
    const again = await ask(50)
    assert.deepEqual(
      [refused, again].map(({ isAllowed, states }) => [isAllowed, states[0]?.isExceeded]),
      [
        [false, true],
        [false, true],
      ],
    )
  })

  test('are no more than a lease, also where a request waits beside them that costs more than the limit', async () => {
    await using redis = await startRedis()
    using opened = await open(redis.url)
    using others = await open(redis.url)
    const costs = [1, 9, 5, 10_000]
    await Promise.all(costs.map((cost) => decide(opened.store, leased({ cost }))))
    const left = await allowedOf(others.store, chargeOn(leased().limits), 200)
    const held = await allowedOf(opened.store, leased(), 200)
    assert.ok(held < 10, `${held} held, ${left} left`)
  })

  test('do not have a refusal last for longer than the limit, where Redis is emptied', async () => {
    await using redis = await startRedis()
    using opened = await open(redis.url)
    const charge = leased({ limits: [quotaOf(5, 'month')] })
    assert.equal(await allowedOf(opened.store, charge, 9), 5)
    await withClient(redis.url, (client) => client.flushall())
    while (!(await decide(opened.store, charge)).isAllowed);
  })

  test('do not have a refusal last for longer than what refuses, whatever is only reported', async () => {
    await using redis = await startRedis()
    let nowMs = 0
    using opened = await open(redis.url, { monotonic: () => nowMs })
    const reported = { ...quotaOf(1, 'month'), isReportOnly: true }
    const charge = leased({ limits: [rateOf(100, 1, 1), reported], leaseTokens: 2 })
    while ((await decide(opened.store, charge)).isAllowed);
    const asked = await scriptCalls(redis.url)
    await decide(opened.store, charge)
    assert.equal(await scriptCalls(redis.url), asked)
    // A token comes every 10 ms.
    nowMs = 11
    await decide(opened.store, charge)
    assert.equal(await scriptCalls(redis.url), asked + 1)
  })

  test('tell how long to wait from the moment of each request, also where Redis is not asked again', async () => {
    await using redis = await startRedis()
    let nowMs = 0
    using opened = await open(redis.url, { monotonic: () => nowMs })
    const charge = leased({ limits: [rateOf(1, 3600, 1)] })
    assert.equal(await allowedOf(opened.store, charge, 2), 1)
    const waits: number[] = []
    for (nowMs of [0, 400]) {
      const { states } = await decide(opened.store, charge)
      waits.push(states[0]?.retryAfterMs ?? 0)
    }
    assert.equal((waits[0] ?? 0) - (waits[1] ?? 0), 400)
  })

  test('are taken again after a lease that failed', async () => {
    let isAway = true
    const decideOnLease = tokenLeases(
      async (limits, _cost, want) => {
        if (isAway) throw new Error('away')
        const state = { isExceeded: false, remaining: 0, retryAfterMs: 0, resetMs: 0 }
        return { granted: want, states: limits.map(() => state) }
      },
      () => 0,
      5_000,
    )
    const { limits } = leased()
    const both = [decideOnLease(limits, 1, 10), decideOnLease(limits, 1, 10)]
    for (const each of both) await assert.rejects(Promise.resolve(each), /away/)
    isAway = false
    assert.equal((await decideOnLease(limits, 1, 10)).granted, 1)
  })

  test('tell a request that costs more how long it has to wait itself', async () => {
    await using redis = await startRedis()
    using opened = await open(redis.url)
    const ask = async (cost: number) =>
      (await decide(opened.store, leased({ cost }))).states[0]?.retryAfterMs ?? 0
    await ask(99)
    const [two, nine] = [await ask(2), await ask(9)]
    assert.equal(Math.round((nine - two) / 3_600_000), 7)
  })

  test('leave the times that are told right to the second', async () => {
    await using redis = await startRedis()
    let passedMs = 0
    using opened = await open(redis.url, { monotonic: () => performance.now() + passedMs })
    const first = await decide(opened.store, leased())
    passedMs = 600_000
    const later = await decide(opened.store, leased())
    const [before, after] = [first, later].map(({ states }) => states[0]?.resetMs ?? 0)
    assert.ok(Math.abs((before ?? 0) - (after ?? 0) - passedMs) < 60_000)
  })
})
