import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { pino } from 'pino'
import type { OnStoreFailure } from '../../src/contract/limit.ts'
import { Secret } from '../../src/contract/secret.ts'
import { openJobNotes } from '../../src/store/jobs/open-job-notes.ts'
import {
  allowedOf,
  chargeOn,
  concurrencyOf,
  decide,
  openTestStore,
  quotaOf,
  rateOf,
  type TestStore,
} from '../support/limits.ts'
import {
  addAccount,
  redisAccount,
  startRedis,
  type TestRedis,
  usersOf,
  withClient,
} from '../support/redis.ts'
import { startCluster, startSentinel } from '../support/redis-topologies.ts'
import { openSlowLink, type SlowLink } from '../support/slow-link.ts'
import { startLoadingRedis } from './loading-redis.ts'

const limits = [rateOf(1, 3600, 4), quotaOf(100, 'day')]

// Long enough for a Redis that is right, however busy the machine is.
const deadlineMs = 500

interface Fixture {
  readonly redis: TestRedis
  readonly link: SlowLink
}

/** What can be wrong with a Redis, and how it is put right. */
const faults: Readonly<
  Record<string, { strike: (on: Fixture) => unknown; repair: (on: Fixture) => unknown }>
> = {
  dead: { strike: ({ redis }) => redis.kill(), repair: ({ redis }) => redis.restart() },
  frozen: { strike: ({ redis }) => redis.freeze(), repair: ({ redis }) => redis.thaw() },
  slow: {
    strike: ({ link }) => Object.assign(link, { delayMs: 2 * deadlineMs }),
    repair: ({ link }) => Object.assign(link, { delayMs: 0 }),
  },
  'read-only': {
    strike: ({ redis }) => withClient(redis.url, (client) => client.replicaof('127.0.0.1', 1)),
    repair: ({ redis }) => withClient(redis.url, (client) => client.replicaof('NO', 'ONE')),
  },
  'out of memory': {
    strike: ({ redis }) =>
      withClient(redis.url, (client) => client.config('SET', 'maxmemory', '1')),
    repair: ({ redis }) =>
      withClient(redis.url, (client) => client.config('SET', 'maxmemory', '0')),
  },
}

async function outcomes({ store }: TestStore, onStoreFailure: OnStoreFailure) {
  const charge = chargeOn(limits, { onStoreFailure })
  return Promise.all(Array.from({ length: 10 }, () => store.decide(charge)))
}

/** How the primary is found, by an account that both servers have. */
async function locationOf({
  primary,
  replica,
  address,
}: Awaited<ReturnType<typeof startSentinel>>) {
  for (const { url } of [primary, replica]) await addAccount(url)
  return { primary: 'shop', sentinels: [address], sentinelAccess: {}, access: redisAccount }
}

describe('while Redis is', () => {
  for (const [name, { strike, repair }] of Object.entries(faults)) {
    test(`${name}: what was declared holds, it is logged once, and limits are shared again after`, async () => {
      await using redis = await startRedis()
      await using link = await openSlowLink(redis.port)
      const url = new Secret(`redis://127.0.0.1:${link.port}/0`)
      using opened = await openTestStore({ url }, { deadlineMs })
      await strike({ redis, link })
      // Share of the local limiter: half of a burst of four.
      const local = await outcomes(opened, 'local')
      assert.equal(local.filter((each) => each.outcome === 'decided' && each.isAllowed).length, 2)
      for (const { outcome } of await outcomes(opened, 'refuse')) assert.equal(outcome, 'refused')
      for (const { outcome } of await outcomes(opened, 'allow')) assert.equal(outcome, 'unlimited')
      assert.equal(await opened.store.useNonce('a', 'nonce', 60_000), 'unavailable')
      assert.equal(opened.lines.filter((line) => line.includes('redis is away')).length, 1)
      await repair({ redis, link })
      await opened.logged('redis is back')
      using other = await openTestStore({ url: new Secret(redis.url) }, { deadlineMs })
      const fresh = chargeOn([rateOf(1, 3600, 4, 'another')])
      assert.equal(await allowedOf(opened.store, fresh, 3), 3)
      assert.equal(await allowedOf(other.store, fresh, 3), 1)
      assert.equal(opened.lines.length, 2)
    })
  }

  test('with a connection that was lost silently, a new connection is made', async () => {
    await using redis = await startRedis()
    await using link = await openSlowLink(redis.port)
    using opened = await openTestStore({ url: new Secret(`redis://127.0.0.1:${link.port}/0`) })
    link.swallow()
    assert.equal(await opened.store.useNonce('a', 'nonce', 60_000), 'unavailable')
    await opened.logged('redis is back')
    assert.equal(opened.lines.length, 2)
  })

  test('answering while the process is busy, its answer counts, however late it is read', async () => {
    await using redis = await startRedis()
    const charge = chargeOn([rateOf(1, 3600, 1)])
    using other = await openTestStore({ url: new Secret(redis.url) }, { deadlineMs: 5_000 })
    assert.equal((await decide(other.store, charge)).isAllowed, true)
    using opened = await openTestStore({ url: new Secret(redis.url) })
    const decision = decide(opened.store, charge)
    const nonce = opened.store.useNonce('a', 'nonce', 60_000)
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1_500)
    assert.equal((await decision).isAllowed, false)
    assert.equal(await nonce, 'fresh')
    assert.deepEqual(opened.lines, [])
  })

  test('slower than a second, it is waited for where the deadline is longer', async () => {
    await using redis = await startRedis()
    await using link = await openSlowLink(redis.port)
    const location = { url: new Secret(`redis://127.0.0.1:${link.port}/0`) }
    using opened = await openTestStore(location, { deadlineMs: 60_000 })
    link.delayMs = 1_200
    assert.equal(await opened.store.useNonce('a', 'nonce', 60_000), 'fresh')
    assert.deepEqual(opened.lines, [])
  })

  test('frozen: a key is not taken for a request that was refused meanwhile', async () => {
    await using redis = await startRedis()
    const location = { url: new Secret(redis.url) }
    using other = await openTestStore(location, { deadlineMs: 60_000 })
    using opened = await openTestStore(location, { deadlineMs })
    const take = ({ store }: TestStore) => store.takeKey('acme', 'key', 'fingerprint', 60_000)
    const first = await take(other)
    assert.ok(first.state === 'fresh')
    redis.freeze()
    assert.equal((await take(opened)).state, 'unavailable')
    // Redis carries it out after the command of the request that was refused, and before what that would send next.
    const released = first.release()
    // Half as long again as until it is asked whether it is back: so it counts as back with its first answers.
    await delay(375)
    redis.thaw()
    await released
    await opened.logged('redis is back')
    // An answer that comes after those to everything before.
    await opened.store.useNonce('acme', 'nonce', 60_000)
    assert.equal((await take(opened)).state, 'fresh')
  })

  test('answering too late: what it let run at once meanwhile is given back', async () => {
    await using redis = await startRedis()
    await using link = await openSlowLink(redis.port)
    const location = { url: new Secret(`redis://127.0.0.1:${link.port}/0`) }
    using opened = await openTestStore(location, { deadlineMs, requestMs: 3_600_000 })
    const charge = chargeOn([concurrencyOf(2)])
    // The script is known there, so that a late answer is one to a decision.
    for (const { release } of [await decide(opened.store, charge)]) release?.()
    link.delayMs = 2 * deadlineMs
    await Promise.all([decide(opened.store, charge), decide(opened.store, charge)])
    link.delayMs = 0
    await opened.logged('redis is back')
    await withClient(redis.url, async (client) => {
      while ((await client.zcard('magegate:limit:{acme}:concurrency')) > 0) await delay(5)
    })
    assert.equal(await allowedOf(opened.store, charge, 2), 2)
  })

  test('answering too late: a repeat that was refused for that is none, while a nonce stays used', async () => {
    await using redis = await startRedis()
    await using link = await openSlowLink(redis.port)
    const location = { url: new Secret(`redis://127.0.0.1:${link.port}/0`) }
    using opened = await openTestStore(location, { deadlineMs })
    const { useNonce } = opened.store
    while ((await useNonce('a', 'done', 600_000, 'unused')) !== 'seen');
    link.delayMs = 2 * deadlineMs
    const late = ['repeat', 'done'].map((key) => useNonce('a', key, 60_000, 'unused'))
    const answers = await Promise.all([useNonce('a', 'nonce', 60_000), ...late])
    assert.deepEqual(answers, ['unavailable', 'unavailable', 'unavailable'])
    link.delayMs = 0
    await opened.logged('redis is back')
    // By then the late answers have come, and what followed from them.
    await useNonce('a', 'another', 60_000)
    assert.equal(await useNonce('a', 'nonce', 60_000), 'seen')
    assert.equal(await useNonce('a', 'repeat', 60_000), 'fresh')
    // That of a write which was let through before.
    assert.equal(await useNonce('a', 'done', 60_000), 'seen')
  })

  test('away only for requests that end: what they held is given back when it is back, and their keys say so', async () => {
    await using redis = await startRedis()
    const patient = { deadlineMs: 5_000, requestMs: 3_600_000 }
    using opened = await openTestStore({ url: new Secret(redis.url) }, patient)
    const { release } = await decide(opened.store, chargeOn([concurrencyOf(1)]))
    const take = () => opened.store.takeKey('acme', 'key', 'fingerprint', 3_600_000)
    const taken = await take()
    assert.ok(taken.state === 'fresh')
    await withClient(redis.url, async (client) => {
      await client.replicaof('127.0.0.1', 1)
      release?.()
      await opened.logged('redis is away')
      await taken.finish('not kept')
      await client.replicaof('NO', 'ONE')
      while ((await client.zcard('magegate:limit:{acme}:concurrency')) > 0) await delay(5)
      while ((await take()).state !== 'over') await delay(5)
    })
  })

  test('one that takes another password now: the log has the cause, once', async () => {
    await using redis = await startRedis()
    await addAccount(redis.url)
    const { username, password } = redisAccount
    const url = `redis://${username}:${password.reveal()}@127.0.0.1:${redis.port}/0`
    using opened = await openTestStore({ url: new Secret(url) })
    await withClient(redis.url, async (client) => {
      await client.acl('SETUSER', username, 'resetpass', '>another')
      await client.call('CLIENT', 'KILL', 'USER', username)
      // Each entry counts how often the same was refused.
      const refusals = async () =>
        Number(((await client.call('ACL', 'LOG')) as string[][])[0]?.[1] ?? 0)
      while ((await refusals()) < 3) await delay(5)
      await client.acl('SETUSER', username, `>${password.reveal()}`)
    })
    await opened.logged('redis is back')
    const codes = opened.lines.map((line) => JSON.parse(line).errorCode)
    assert.deepEqual(codes, ['CLOSED', 'WRONGPASS', undefined])
  })

  test('flushed, its scripts too: counting begins anew and nothing is refused for it', async () => {
    await using redis = await startRedis()
    using opened = await openTestStore({ url: new Secret(redis.url) }, { deadlineMs: 5_000 })
    assert.equal(await allowedOf(opened.store, chargeOn(limits), 9), 4)
    await withClient(redis.url, async (client) => {
      await client.flushall()
      await client.script('FLUSH')
    })
    assert.equal(await allowedOf(opened.store, chargeOn(limits), 9), 4)
    assert.deepEqual(opened.lines, [])
  })

  test('failing over: limits are held locally, then by the new primary with what it has', async () => {
    await using watched = await startSentinel()
    const location = await locationOf(watched)
    // A machine that stands still for a moment is no fault of Redis.
    using opened = await openTestStore(location, { deadlineMs: 1_000 })
    assert.equal(await allowedOf(opened.store, chargeOn(limits), 3), 3)
    await withClient(watched.primary.url, (client) => client.wait(1, 5_000))
    await watched.primary.kill()
    // However long it takes until the connection is seen to be gone, each is decided.
    while (opened.lines.length === 0) await decide(opened.store, chargeOn(limits))
    await opened.logged('redis is back')
    assert.equal(await allowedOf(opened.store, chargeOn(limits), 3), 1)
    assert.ok((await usersOf(watched.replica.url)).includes(redisAccount.username))
  })

  test('a primary that has lost its replicas and the sentinels: the new primary is used', async () => {
    await using watched = await startSentinel()
    const location = await locationOf(watched)
    using opened = await openTestStore(location, { deadlineMs: 1_000 })
    assert.equal(await allowedOf(opened.store, chargeOn(limits), 1), 1)
    await withClient(watched.primary.url, async (client) => {
      await client.config('SET', 'min-replicas-to-write', '1')
      // For the sentinel and the replica it is gone from now on, for the gateway it is not.
      await client.config('SET', 'requirepass', 'unknown-to-them')
      await client.client('KILL', 'USER', 'default')
    })
    while (opened.lines.length === 0) await decide(opened.store, chargeOn(limits))
    assert.match(opened.lines.join(), /"errorCode":"NOREPLICAS"/)
    await opened.logged('redis is back')
    assert.ok((await usersOf(watched.replica.url)).includes(redisAccount.username))
  })
})

test('while a cluster lacks nodes, limits are held locally, and it is logged once', async () => {
  await using cluster = await startCluster()
  // A machine that stands still for a moment is no fault of Redis.
  using opened = await openTestStore(
    { nodes: cluster.addresses, access: {} },
    { deadlineMs: 5_000 },
  )
  const chargeOf = (name: string) => chargeOn([rateOf(1, 3600, 4, name)])
  assert.equal(await allowedOf(opened.store, chargeOf('warm-up'), 9), 4)
  const [first, second] = cluster.nodes
  await first?.kill()
  await second?.kill()
  let round = 0
  while (opened.lines.length === 0) {
    round += 1
    await Promise.all(
      Array.from({ length: 9 }, (_, index) =>
        decide(opened.store, chargeOf(`integration-${round}-${index}`)),
      ),
    )
  }
  for (const name of ['a', 'b', 'c', 'd', 'e', 'f']) {
    assert.equal(await allowedOf(opened.store, chargeOf(name), 9), 2)
  }
  assert.equal(opened.lines.length, 1)
})

test('what a node of a cluster was sent before its connection ended is not sent again', async () => {
  await using cluster = await startCluster()
  const [, second, third] = cluster.nodes
  assert.ok(second && third)
  await using link = await openSlowLink(third.port)
  await withClient(third.url, (client) =>
    client.config('SET', 'cluster-announce-port', String(link.port)),
  )
  // It has the highest slots.
  const key = await withClient(second.url, async (client) => {
    while (!String(await client.cluster('NODES')).includes(`:${link.port}@`)) await delay(5)
    for (let number = 0; ; number += 1) {
      const name = `magegate:idempotency:["acme","${number}"]`
      if ((await client.cluster('KEYSLOT', name)) > 11_000) return String(number)
    }
  })
  using opened = await openTestStore(
    { nodes: [`127.0.0.1:${second.port}`], access: {} },
    { deadlineMs: 5_000 },
  )
  const take = () => opened.store.takeKey('acme', key, 'fingerprint', 60_000)
  link.loseAnswerTo = 'magegate:idempotency'
  // The answer to a second one would be that it is taken.
  assert.equal((await take()).state, 'unavailable')
  assert.match(opened.lines.join(), /"errorCode":"CLOSED"/)
  await opened.logged('redis is back')
  assert.equal((await take()).state, 'fresh')
})

test('limits are decided by a cluster though their slot is being moved just then', async () => {
  await using cluster = await startCluster()
  const [first, second] = cluster.nodes
  assert.ok(first && second)
  const target = String(await withClient(second.url, (client) => client.cluster('MYID')))
  // ioredis by itself would wait for as long before it tries again.
  using opened = await openTestStore({ nodes: cluster.addresses, access: {} }, { deadlineMs: 100 })
  await withClient(first.url, async (client) => {
    // It has the lowest slots.
    let name = 0
    while ((await client.cluster('KEYSLOT', `{${name}}`)) > 5_000) name += 1
    const slot = String(await client.cluster('KEYSLOT', `{${name}}`))
    // Of these two, only the first one has a key while nothing runs.
    const limits = [rateOf(1, 3600, 1_000, String(name)), concurrencyOf(1_000, String(name))]
    const charge = chargeOn(limits, { onStoreFailure: 'refuse' })
    const isDecided = async () => {
      const decision = await opened.store.decide(charge)
      if (decision.outcome === 'decided') decision.release?.()
      return decision.outcome === 'decided'
    }
    const refusals = async () =>
      /errorstat_TRYAGAIN:count=(\d+)/.exec(await client.info('errorstats'))?.[1]

    /** Whether a request is decided on that comes while the slot is being moved. */
    async function isDecidedInBetween(): Promise<boolean> {
      while (!(await isDecided())) await new Promise(setImmediate)
      while ((await client.exists(`magegate:limit:{${name}}:concurrency`)) === 1);
      const before = await refusals()
      await client.call('CLUSTER', 'SETSLOT', slot, 'MIGRATING', target)
      let isOver = false
      const decided = isDecided().finally(() => {
        isOver = true
      })
      while (!isOver && (await refusals()) === before);
      const isRefused = (await refusals()) !== before
      await client.call('CLUSTER', 'SETSLOT', slot, 'STABLE')
      return (await decided) && isRefused
    }

    // On a busy machine a few milliseconds can take long.
    let attempts = 1
    while (!(await isDecidedInBetween())) {
      assert.ok(attempts < 5)
      attempts += 1
    }
  })
})

test('what is tried of a cluster that is away is the slot of the key that failed', async () => {
  await using redis = await startRedis()
  await withClient(redis.url, (client) => client.replicaof('127.0.0.1', 1))
  await using stack = new AsyncDisposableStack()
  const location = { url: new Secret(redis.url) }
  const notes = await openJobNotes(location, 60_000, pino({ enabled: false }))
  stack.defer(notes.close)
  await assert.rejects(notes.entriesOf('callbacks').note('id', 60_000))
  await withClient(redis.url, async (client) => {
    await client.replicaof('NO', 'ONE')
    let keys: string[] = []
    while (keys.length === 0) keys = await client.keys('magegate:probe:*')
    // In one slot with `magegate:queue:{callbacks}:live`.
    assert.deepEqual(keys, ['magegate:probe:{callbacks}'])
  })
})

test('a Redis that may evict keys is warned of', async () => {
  await using evicting = await startRedis(
    ...['--maxmemory', '100mb', '--maxmemory-policy', 'volatile-lru'],
  )
  using opened = await openTestStore({ url: new Secret(evicting.url) }, { deadlineMs: 5_000 })
  await opened.logged('redis may evict nonces and limits')
  assert.match(opened.lines.join(), /"maxmemoryPolicy":"volatile-lru"/)
  await using keeping = await startRedis('--maxmemory', '100mb')
  using quiet = await openTestStore({ url: new Secret(keeping.url) }, { deadlineMs: 5_000 })
  // Answered behind the question of the gateway.
  assert.equal(await quiet.store.useNonce('a', 'nonce', 60_000), 'fresh')
  assert.deepEqual(quiet.lines, [])
})

test('a Redis that still loads its data counts as away, and is not waited for at the start', async () => {
  await using loading = await startLoadingRedis()
  using opened = await openTestStore({ url: new Secret(loading.url) }, { deadlineMs: 5_000 })
  assert.equal(await opened.store.useNonce('a', 'nonce', 60_000), 'unavailable')
  assert.match(opened.lines.join(), /"errorCode":"LOADING"/)
  await loading.finish()
  await opened.logged('redis is back')
  assert.equal(await opened.store.useNonce('a', 'nonce', 60_000), 'fresh')
})

describe('a store without Redis from the start', () => {
  const nowhere = { url: new Secret('redis://:redis-password-012345@127.0.0.1:1/0') }

  const addresses = ['127.0.0.1:1']
  const locations = {
    'one server': nowhere,
    sentinels: { primary: 'shop', sentinels: addresses, sentinelAccess: {}, access: {} },
    'a cluster': { nodes: addresses, access: {} },
  }
  for (const [name, location] of Object.entries(locations)) {
    test(`holds its share of the limits where it should be ${name}`, async () => {
      using opened = await openTestStore(location)
      assert.equal(await allowedOf(opened.store, chargeOn(limits), 10), 2)
      assert.equal(opened.lines.length, 1)
    })
  }

  test('says that it does not answer where it only accepts connections', async () => {
    await using redis = await startRedis()
    redis.freeze()
    using opened = await openTestStore({ url: new Secret(redis.url) })
    assert.deepEqual(
      opened.lines.map((line) => JSON.parse(line).errorCode),
      ['TIMEOUT'],
    )
  })

  test('never writes the address or the password to the log', async () => {
    using opened = await openTestStore(nowhere)
    await allowedOf(opened.store, chargeOn(limits), 3)
    assert.ok(opened.lines.length > 0)
    assert.ok(!opened.lines.join('').includes('redis-password-012345'))
    assert.ok(!opened.lines.join('').includes('127.0.0.1'))
  })
})

test('a database that Redis does not have counts as away, and no other is written to', async () => {
  await using redis = await startRedis()
  using opened = await openTestStore({ url: new Secret(`redis://127.0.0.1:${redis.port}/99`) })
  await withClient(redis.url, async (client) => {
    // It keeps trying.
    while (Number(/total_connections_received:(\d+)/.exec(await client.info('stats'))?.[1]) < 4)
      await delay(5)
    for (const { outcome } of await outcomes(opened, 'refuse')) assert.equal(outcome, 'refused')
    assert.equal(await client.dbsize(), 0)
  })
})
