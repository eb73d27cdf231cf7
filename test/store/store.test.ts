import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { longestKeptMs } from '../../src/contract/answer-store.ts'
import type { Quota } from '../../src/contract/limit.ts'
import { Secret } from '../../src/contract/secret.ts'
import type { RedisLocation } from '../../src/store/redis-client.ts'
import {
  allowedOf,
  chargeOn,
  concurrencyOf,
  decide,
  openTestStore,
  quotaOf,
  rateOf,
} from '../support/limits.ts'
import {
  addAccount,
  clockOf,
  redisAccount,
  scriptCalls,
  startRedis,
  usersOf,
  withClient,
} from '../support/redis.ts'
import { startCluster, type TestCluster } from '../support/redis-topologies.ts'
import { openSlowLink } from '../support/slow-link.ts'

const at = (url: string) => ({ url: new Secret(url) })
const hourly = rateOf(1, 3600, 4)

/** With all the time that a machine under load may need; what a missed deadline does is tested elsewhere. */
function open(
  redis: RedisLocation,
  settings: { readonly requestMs?: number; readonly wall?: () => number } = {},
) {
  return openTestStore(redis, { deadlineMs: 5_000, ...settings })
}

/** When a calendar period ends; milliseconds. */
function endOf(period: Quota['period'], atMs: number): number {
  const time = new Date(atMs)
  const [year, month, day] = [time.getUTCFullYear(), time.getUTCMonth(), time.getUTCDate()]
  if (period === 'month') return Date.UTC(year, month + 1)
  if (period === 'day') return Date.UTC(year, month, day + 1)
  return Date.UTC(year, month, day, time.getUTCHours() + 1)
}

describe('with Redis', () => {
  test('two processes share one bucket, also when they ask at once', async () => {
    await using redis = await startRedis()
    using first = await open(at(redis.url))
    using second = await open(at(redis.url))
    const decisions = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        decide((index % 2 ? first : second).store, chargeOn([hourly])),
      ),
    )
    assert.equal(decisions.filter(({ isAllowed }) => isAllowed).length, hourly.burst)
  })

  test('decides on all limits of a request with one command, and charges none where one refuses', async () => {
    await using redis = await startRedis()
    using opened = await open(at(redis.url))
    const limits = [hourly, quotaOf(2, 'day'), quotaOf(100, 'month'), concurrencyOf(10)]
    // Before, the script was not known: one command finds out, and the next one brings it.
    await allowedOf(opened.store, chargeOn([rateOf(1, 1, 1, 'another')]), 2)
    const before = await scriptCalls(redis.url)
    assert.equal(await allowedOf(opened.store, chargeOn(limits), 5), 2)
    assert.equal((await scriptCalls(redis.url)) - before, 5)
    const { states } = await decide(opened.store, chargeOn(limits))
    assert.deepEqual(
      states.map(({ isExceeded, remaining }) => [isExceeded, remaining]),
      [
        [false, 2],
        [true, 0],
        [false, 98],
        [false, 8],
      ],
    )
  })

  test('gives every key a time to live', async () => {
    await using redis = await startRedis()
    using opened = await open(at(redis.url))
    const limits = [
      rateOf(1000, 1, 1000),
      quotaOf(9, 'hour'),
      quotaOf(9, 'month'),
      concurrencyOf(9),
    ]
    await decide(opened.store, chargeOn(limits))
    await opened.store.useNonce('a', 'nonce', 60_000)
    await withClient(redis.url, async (client) => {
      const keys = await client.keys('magegate:*')
      assert.ok(keys.length >= limits.length)
      for (const key of keys) assert.notEqual(await client.pttl(key), -1, key)
    })
  })

  test('a key of a request is remembered for its time from the end of the request on', async () => {
    await using redis = await startRedis()
    using opened = await open(at(redis.url))
    const taken = await opened.store.takeKey('a', 'key', 'fingerprint', 60_000)
    assert.ok(taken.state === 'fresh')
    const lifeMs = () =>
      withClient(redis.url, async (client) => {
        const [name = ''] = await client.keys('magegate:idempotency:*')
        return client.pttl(name)
      })
    const whileItRuns = await lifeMs()
    await taken.finish('not kept')
    const afterIt = await lifeMs()
    for (const each of [whileItRuns, afterIt]) assert.ok(each > 30_000 && each <= 60_000, `${each}`)
  })

  test('a quota lasts until its calendar period ends on the clock of Redis', async () => {
    await using redis = await startRedis()
    using opened = await open(at(redis.url))
    for (const period of ['hour', 'day', 'month'] as const) {
      const before = await clockOf(redis.url)
      const { states } = await decide(opened.store, chargeOn([quotaOf(1, period)]))
      const ends = [before, await clockOf(redis.url)].map((us) => endOf(period, us / 1000))
      const expiresAt = await withClient(redis.url, async (client) => {
        const [key = ''] = await client.keys(`magegate:limit:*quota/${period}`)
        const answers = await client.multi().time().pttl(key).exec()
        const [time, life] = (answers ?? []).map(([, answer]) => answer) as [string[], number]
        return Number(time[0]) * 1000 + Number(time[1]) / 1000 + life
      })
      // Each time is of another moment, and rounded. A period that began with the first request would end elsewhere.
      assert.ok(
        ends.some((end) => Math.abs(expiresAt - end) < 1_000),
        period,
      )
      assert.equal(states[0]?.remaining, 0)
    }
  })

  test('what was written by a Redis whose clock was ahead counts as it was, and for no more', async () => {
    await using redis = await startRedis()
    using opened = await open(at(redis.url))
    const aheadUs = (await clockOf(redis.url)) + 60_000_000
    const parts = hourly.unitSeconds * 1_000_000
    await withClient(redis.url, (client) =>
      client.set('magegate:limit:{acme}:rate', `${parts} ${aheadUs} ${parts}`),
    )
    assert.equal(await allowedOf(opened.store, chargeOn([hourly]), 10), hourly.burst - 1)
  })

  test('a bucket that is used up fills again at once where the clock of Redis is set back', async () => {
    await using redis = await startRedis()
    using opened = await open(at(redis.url))
    const limit = rateOf(1_000_000, 1, 1)
    const parts = 1_000_000
    const aheadUs = (await clockOf(redis.url)) + 3_600_000_000
    await withClient(redis.url, (client) =>
      client.set('magegate:limit:{acme}:rate', `${parts} ${aheadUs} ${parts}`),
    )
    // From then on it fills, a token in each microsecond.
    assert.equal((await decide(opened.store, chargeOn([limit]))).isAllowed, false)
    assert.equal((await decide(opened.store, chargeOn([limit]))).isAllowed, true)
  })

  test('a quota is not whole again where a Redis takes over whose clock is behind the end of a period', async () => {
    await using redis = await startRedis()
    using opened = await open(at(redis.url))
    for (const period of ['hour', 'day', 'month'] as const) {
      const next = endOf(period, (await clockOf(redis.url)) / 1000)
      await withClient(redis.url, (client) =>
        client.set(`magegate:limit:{acme}:quota/${period}`, `2 ${next / 1000}`),
      )
      assert.equal(await allowedOf(opened.store, chargeOn([quotaOf(3, period)]), 3), 1)
      const { states } = await decide(opened.store, chargeOn([quotaOf(3, period)]))
      const ends = endOf(period, next) - Date.now()
      assert.ok(Math.abs((states[0]?.retryAfterMs ?? 0) - ends) < 60_000)
    }
  })

  test('what is held at once stays held beside a process whose requests last less long', async () => {
    await using redis = await startRedis()
    using patient = await open(at(redis.url), { requestMs: 600_000 })
    using hasty = await open(at(redis.url), { requestMs: 1_000 })
    const charge = chargeOn([concurrencyOf(2)])
    assert.equal((await decide(patient.store, charge)).isAllowed, true)
    assert.equal((await decide(hasty.store, charge)).isAllowed, true)
    const lifeMs = await withClient(redis.url, (client) =>
      client.pttl('magegate:limit:{acme}:concurrency'),
    )
    assert.ok(lifeMs > 500_000, String(lifeMs))
  })

  test('what a write holds off stays so, whatever else is dropped', async () => {
    await using redis = await startRedis()
    using opened = await open(at(redis.url))
    const { answers } = opened.store
    assert.notEqual((await answers.find('key', ['tag'])).ticket, undefined)
    await answers.drop(['tag'], 1_000)
    await answers.drop(['tag'], 60_000)
    await answers.drop(['tag'], 0)
    await answers.drop(['tag'], 1)
    assert.equal((await answers.find('key', ['tag'])).ticket, undefined)
    const leftMs = await withClient(redis.url, (client) => client.pttl('magegate:cache-tag:tag'))
    assert.ok(leftMs > 30_000, String(leftMs))
  })

  test('tags last as long as what is kept under them, and are not held off for longer by that', async () => {
    await using redis = await startRedis()
    using opened = await open(at(redis.url))
    const { answers } = opened.store
    const tags = ['old', 'older']
    const { ticket = '' } = await answers.find('key', tags)
    const keep = () => answers.keep('key', tags, ticket, { selectedBy: [] }, longestKeptMs)
    await withClient(redis.url, async (client) => {
      const lifeMs = (tag: string) => client.pttl(`magegate:cache-tag:${tag}`)
      // As if each had been there for about a day.
      for (const tag of tags) await client.pexpire(`magegate:cache-tag:${tag}`, 60_000)
      keep()
      for (const tag of tags) while ((await lifeMs(tag)) <= 60_000) await new Promise(setImmediate)
      assert.ok((await answers.find('key', tags)).kept)
      await answers.drop(['old'], 60_000)
      keep()
      assert.equal((await answers.find('key', tags)).kept, undefined)
      const heldMs = await lifeMs('old')
      assert.ok(heldMs > 0 && heldMs <= 60_000, String(heldMs))
    })
  })

  test('says how long to wait, and until when the limit is whole', async () => {
    await using redis = await startRedis()
    using opened = await open(at(redis.url))
    const [first] = (await decide(opened.store, chargeOn([hourly]))).states
    assert.ok(first && first.resetMs > 3_000_000 && first.resetMs <= 3_600_000)
    await allowedOf(opened.store, chargeOn([hourly]), hourly.burst)
    const { isAllowed, states } = await decide(opened.store, chargeOn([hourly]))
    const { retryAfterMs: waitMs = 0, resetMs = 0 } = states[0] ?? {}
    assert.equal(isAllowed, false)
    assert.ok(waitMs > 3_000_000 && waitMs <= 3_600_000)
    assert.ok(resetMs > 13_800_000 && resetMs <= 14_400_000)
  })

  test('what two processes hold at once is held by both, and given back by each for itself', async () => {
    await using redis = await startRedis()
    using first = await open(at(redis.url))
    using second = await open(at(redis.url))
    const charge = chargeOn([concurrencyOf(2)])
    const own = await decide(first.store, charge)
    assert.equal((await decide(second.store, charge)).isAllowed, true)
    assert.equal((await decide(first.store, charge)).isAllowed, false)
    own.release?.()
    while (!(await decide(second.store, charge)).isAllowed);
    assert.equal((await decide(second.store, charge)).isAllowed, false)
  })

  test('a request that costs more than a limit is charged the whole limit', async () => {
    await using redis = await startRedis()
    using opened = await open(at(redis.url))
    for (const limit of [rateOf(1, 3600, 5), quotaOf(5, 'month')]) {
      const { isAllowed, states } = await decide(opened.store, chargeOn([limit], { cost: 50 }))
      assert.deepEqual([isAllowed, states[0]?.remaining], [true, 0], limit.kind)
      assert.equal((await decide(opened.store, chargeOn([limit]))).isAllowed, false, limit.kind)
    }
  })

  test('what is held at once is given back at the end of a request, or when it has lasted too long', async () => {
    await using redis = await startRedis()
    using opened = await open(at(redis.url), { requestMs: 400 })
    using crashed = await open(at(redis.url), { requestMs: 400 })
    const charge = chargeOn([concurrencyOf(1)])
    const first = await decide(opened.store, charge)
    assert.equal((await decide(opened.store, charge)).isAllowed, false)
    first.release?.()
    assert.equal((await decide(crashed.store, charge)).isAllowed, true)
    // It never gives it back.
    while (!(await decide(opened.store, charge)).isAllowed);
  })

  test('what a crashed process held at once is free in time, also beside those that go on', async () => {
    await using redis = await startRedis()
    using crashed = await open(at(redis.url), { requestMs: 300 })
    using opened = await open(at(redis.url))
    const charge = chargeOn([concurrencyOf(2)])
    assert.equal((await decide(opened.store, charge)).isAllowed, true)
    assert.equal((await decide(crashed.store, charge)).isAllowed, true)
    while (!(await decide(opened.store, charge)).isAllowed);
    assert.equal((await decide(opened.store, charge)).isAllowed, false)
  })

  test('keeps what was used when the rate is edited, also into another unit', async () => {
    await using redis = await startRedis()
    using before = await open(at(redis.url))
    await allowedOf(before.store, chargeOn([rateOf(1, 3600, 4)]), 4)
    using after = await open(at(redis.url))
    const { isAllowed, states } = await decide(after.store, chargeOn([rateOf(2, 60, 4)]))
    assert.equal(isAllowed, false)
    assert.ok((states[0]?.retryAfterMs ?? 0) <= 30_000)
    assert.equal((await decide(after.store, chargeOn([rateOf(2, 60, 6)]))).states[0]?.remaining, 1)
  })

  test('a bucket that was made smaller is full and no more', async () => {
    await using redis = await startRedis()
    using opened = await open(at(redis.url))
    await allowedOf(opened.store, chargeOn([rateOf(1, 3600, 10)]), 10)
    const { isAllowed, states } = await decide(opened.store, chargeOn([rateOf(1, 3600, 2)]))
    assert.equal(isAllowed, false)
    assert.ok((states[0]?.retryAfterMs ?? 0) <= 3_600_000)
  })

  test('a bucket that only one of two gateways has made smaller lets no more through for the other', async () => {
    await using redis = await startRedis()
    using opened = await open(at(redis.url))
    const larger = chargeOn([rateOf(1, 3600, 10)])
    const smaller = chargeOn([rateOf(1, 3600, 2)])
    let allowed = 0
    for (let turn = 0; turn < 12; turn += 1) {
      allowed += await allowedOf(opened.store, larger, 1)
      allowed += await allowedOf(opened.store, smaller, 1)
    }
    assert.equal(allowed, 10)
  })

  test('a bucket that was made smaller has a token again when it was told to', async () => {
    await using redis = await startRedis()
    using opened = await open(at(redis.url))
    const limit = rateOf(1, 3600, 2)
    const parts = limit.unitSeconds * 1_000_000
    const anHourAgoUs = (await clockOf(redis.url)) - parts
    await withClient(redis.url, (client) =>
      client.set('magegate:limit:{acme}:rate', `${10 * parts} ${anHourAgoUs} ${parts}`),
    )
    assert.equal(await allowedOf(opened.store, chargeOn([limit]), 5), 1)
  })

  test('a bucket stays used up for as long as a lower rate takes to fill it', async () => {
    await using redis = await startRedis()
    using opened = await open(at(redis.url))
    await decide(opened.store, chargeOn([rateOf(1, 1, 40)], { cost: 40 }))
    const lower = chargeOn([rateOf(1, 3600, 40)], { cost: 40 })
    assert.equal((await decide(opened.store, lower)).isAllowed, false)
    const lifeMs = await withClient(redis.url, (client) =>
      client.pttl('magegate:limit:{acme}:rate'),
    )
    assert.ok(lifeMs > 3_600_000, `${lifeMs} ms`)
  })

  test('a limit that is only reported refuses nothing, and is charged with what it would let through', async () => {
    await using redis = await startRedis()
    using opened = await open(at(redis.url))
    const reported = [rateOf(1, 3600, 2), quotaOf(2, 'month'), concurrencyOf(2)].map((limit) => ({
      ...limit,
      isReportOnly: true,
    }))
    const charge = chargeOn([...reported, quotaOf(4, 'day')])
    for (let turn = 0; turn < 4; turn += 1) {
      const { isAllowed, states } = await decide(opened.store, charge)
      assert.equal(isAllowed, true)
      for (const { isExceeded, remaining } of states.slice(0, 3)) {
        assert.deepEqual([isExceeded, remaining], [turn >= 2, Math.max(0, 1 - turn)])
      }
    }
    assert.equal((await decide(opened.store, charge)).isAllowed, false)
  })

  test('a quota is one for all, also for a gateway whose clock is in the period before or after', async () => {
    await using redis = await startRedis()
    const dayMs = 86_400_000
    using right = await open(at(redis.url))
    using slow = await open(at(redis.url), { wall: () => Date.now() - dayMs })
    using fast = await open(at(redis.url), { wall: () => Date.now() + dayMs })
    const charge = chargeOn([quotaOf(6, 'day')])
    for (const { store } of [slow, right, fast]) {
      assert.equal(await allowedOf(store, charge, 2), 2)
    }
    for (const { store } of [right, slow, fast]) {
      const { isAllowed, states } = await decide(store, charge)
      assert.equal(isAllowed, false)
      assert.ok((states[0]?.resetMs ?? 0) <= dayMs)
    }
  })

  test('a quota holds though the clock of Redis is further ahead or behind than its period is long', async () => {
    await using redis = await startRedis()
    const dayMs = 86_400_000
    const charge = chargeOn([quotaOf(2, 'day')])
    for (const days of [-3, 3]) {
      using opened = await open(at(redis.url), { wall: () => Date.now() + days * dayMs })
      assert.equal(await allowedOf(opened.store, charge, 20), 2)
      const { isAllowed, states } = await decide(opened.store, charge)
      assert.equal(isAllowed, false)
      const { retryAfterMs = 0 } = states[0] ?? {}
      assert.ok(retryAfterMs > 0 && retryAfterMs <= dayMs, String(retryAfterMs))
      await withClient(redis.url, (client) => client.flushall())
    }
  })

  test('what could not be given back while Redis was away is given back when it is there again', async () => {
    await using redis = await startRedis('--appendonly', 'yes', '--appendfsync', 'always')
    using opened = await open(at(redis.url))
    const charge = chargeOn([concurrencyOf(1)])
    const held = await decide(opened.store, charge)
    await redis.kill()
    await opened.logged('redis is away')
    held.release?.()
    await redis.restart()
    await opened.logged('redis is back')
    assert.equal((await decide(opened.store, charge)).isAllowed, true)
  })

  test('what Redis has taken is given back though nobody has got its answer', async () => {
    await using redis = await startRedis()
    const url = new URL(redis.url)
    await using link = await openSlowLink(Number(url.port))
    url.port = String(link.port)
    using opened = await openTestStore(at(url.href), { deadlineMs: 500 })
    const charge = chargeOn([concurrencyOf(1)])
    // Longer than a connection may be silent.
    link.delayMs = 3_000
    await decide(opened.store, charge)
    link.delayMs = 0
    const running = await withClient(redis.url, (client) =>
      client.zcard('magegate:limit:{acme}:concurrency'),
    )
    assert.equal(running, 1)
    await opened.logged('redis is back')
    assert.equal((await decide(opened.store, charge)).isAllowed, true)
  })

  test('lets no more through than rate and burst while two processes ask at full speed', async () => {
    await using redis = await startRedis()
    using first = await open(at(redis.url))
    using second = await open(at(redis.url))
    const limit = rateOf(100, 1, 20)
    const startUs = await clockOf(redis.url)
    let allowed = 0
    const press = async ({ store }: typeof first) => {
      for (let attempt = 0; attempt < 2_000; attempt += 1) {
        if ((await decide(store, chargeOn([limit]))).isAllowed) allowed += 1
      }
    }
    await Promise.all([press(first), press(second)])
    const granted = ((await clockOf(redis.url)) - startUs) / 10_000
    assert.ok(
      allowed >= limit.burst && allowed <= granted + limit.burst,
      `${allowed} of ${granted}`,
    )
  })
})

describe('Redis Cluster', () => {
  test('decides on several limits of many integrations, wherever their keys lie', async () => {
    await using cluster = await startCluster()
    for (const { url } of cluster.nodes) await addAccount(url)
    using first = await open({ nodes: cluster.addresses, access: {} })
    using second = await open({ nodes: cluster.addresses, access: redisAccount })
    for (let index = 0; index < 30; index += 1) {
      const name = `integration-${index}`
      const limits = [rateOf(1, 3600, 3, name), quotaOf(50, 'day', name), concurrencyOf(9, name)]
      const charge = chargeOn(limits)
      assert.equal(await allowedOf(first.store, charge, 2), 2)
      assert.equal(await allowedOf(second.store, charge, 3), 1)
    }
    assert.equal(await first.store.useNonce('a', 'once', 60_000), 'fresh')
    assert.equal(await second.store.useNonce('a', 'once', 60_000), 'seen')
    const tags = ['one', 'two', 'three', 'four']
    const { ticket } = await first.store.answers.find('key', tags)
    assert.deepEqual(await second.store.answers.find('key', tags), { kept: undefined, ticket })
    const sizes = await Promise.all(
      cluster.nodes.map(({ url }) => withClient(url, (client) => client.dbsize())),
    )
    for (const size of sizes) assert.ok(size > 0)
    for (const { url } of cluster.nodes) {
      const users = await usersOf(url)
      assert.ok(users.includes('default') && users.includes(redisAccount.username), users.join())
    }
    assert.deepEqual([first.lines, second.lines], [[], []])
  })

  test('outlives that it may not ask the node to which a slot moves', async () => {
    await using cluster = await startCluster()
    const { username } = redisAccount
    for (const { url } of cluster.nodes) await addAccount(url)
    const setAsking = (right: string) =>
      Promise.all(
        cluster.nodes.map(({ url }) =>
          withClient(url, (client) => client.acl('SETUSER', username, right)),
        ),
      )
    await setAsking('-asking')
    using opened = await open({ nodes: cluster.addresses, access: redisAccount })
    await moveSlot(cluster, '{moves}')
    const charge = chargeOn([rateOf(1, 3600, 4, 'moves')])
    await decide(opened.store, charge)
    await opened.logged('redis is away')
    await setAsking('+asking')
    await opened.logged('redis is back')
    assert.equal(await allowedOf(opened.store, charge, 5), 4)
  })

  test('is used again after a node has refused to write, and has named another one at once', async () => {
    await using cluster = await startCluster()
    using opened = await open({ nodes: cluster.addresses, access: {} })
    const url = await moveSlot(cluster, '{moves}')
    const chargeOf = (name: string) => chargeOn([rateOf(1, 3600, 4, name)])
    const stays = await withClient(url, async (client) => {
      for (let index = 0; ; index += 1) {
        const name = `stays-${index}`
        // Only a key of its own is not refused.
        if ((await client.get(`{${name}}`).catch(() => 'elsewhere')) === null) return name
      }
    })
    // Before, the script was not known there.
    await allowedOf(opened.store, chargeOf(stays), 2)
    const setReplicas = (least: number) =>
      withClient(url, (client) => client.config('SET', 'min-replicas-to-write', least))
    await setReplicas(1)
    // So many that not all answers arrive at once.
    const names = [stays, ...Array<string>(500).fill('moves')]
    await Promise.all(names.map((name) => decide(opened.store, chargeOf(name))))
    await opened.logged('NOREPLICAS')
    await setReplicas(0)
    await opened.logged('redis is back')
  })
})

/** Begins to move the slot of a key from its node, whose URL is returned, to another one. */
async function moveSlot({ nodes }: TestCluster, key: string): Promise<string> {
  const all = await Promise.all(
    nodes.map(({ url }) =>
      withClient(url, async (client) => ({
        url,
        id: await client.cluster('MYID'),
        slot: await client.cluster('KEYSLOT', key),
        hasKey: await client.get(key).then(
          () => true,
          () => false,
        ),
      })),
    ),
  )
  const from = all.find(({ hasKey }) => hasKey)
  const to = all.find(({ hasKey }) => !hasKey)
  assert.ok(from && to)
  const { slot } = from
  await withClient(to.url, (client) => client.cluster('SETSLOT', slot, 'IMPORTING', from.id))
  await withClient(from.url, (client) => client.cluster('SETSLOT', slot, 'MIGRATING', to.id))
  return from.url
}
