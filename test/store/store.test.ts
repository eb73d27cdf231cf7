import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Redis } from 'ioredis'
import { pino } from 'pino'
import { Secret } from '../../src/secret.ts'
import { openStore, type Store } from '../../src/store/store.ts'
import { startRedis } from '../support/redis.ts'

const limit = { ratePerSecond: 0.001, burst: 4 }
const clock = () => performance.now()

async function openLogged(url: string, localShare = 0.5) {
  const lines: string[] = []
  const log = pino({ base: null, timestamp: false }, { write: (line: string) => lines.push(line) })
  const settings = { redis: new Secret(url), deadlineMs: 50, localShare }
  const store = await openStore(settings, clock, log)
  // A test that fails half-way must not leave a store that tries to reconnect for ever.
  return { store, lines, [Symbol.dispose]: store.close }
}

/** Takes from fresh buckets until Redis decides again: of a share of it, one would be left. */
async function untilShared(store: Store): Promise<void> {
  for (let attempt = 0; ; attempt += 1) {
    const { remaining } = await store.take(`back-${attempt}`, limit)
    if (remaining === limit.burst - 1) return
    await new Promise(setImmediate)
  }
}

async function allowedOf(store: Store, key: string, attempts: number): Promise<number> {
  let allowed = 0
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    if ((await store.take(key, limit)).isAllowed) allowed += 1
  }
  return allowed
}

describe('with Redis', () => {
  test('two processes share one bucket, also when they ask at once', async () => {
    await using redis = await startRedis()
    using first = await openLogged(redis.url)
    using second = await openLogged(redis.url)
    const [one, other] = [first.store, second.store]
    const decisions = await Promise.all(
      Array.from({ length: 20 }, (_, index) => (index % 2 ? one : other).take('acme', limit)),
    )
    assert.equal(decisions.filter(({ isAllowed }) => isAllowed).length, limit.burst)
  })

  test('leaves no key without an end', async () => {
    await using redis = await startRedis()
    using opened = await openLogged(redis.url)
    const { store } = opened
    await store.take('acme', limit)
    const client = new Redis(redis.url)
    const keys = await client.keys('magegate:*')
    assert.ok(keys.length > 0)
    for (const key of keys) assert.ok((await client.pttl(key)) > 0)
    client.disconnect()
  })

  test('says how long to wait', async () => {
    await using redis = await startRedis()
    using opened = await openLogged(redis.url)
    const { store } = opened
    await allowedOf(store, 'acme', limit.burst)
    const { isAllowed, retryAfterMs } = await store.take('acme', limit)
    assert.equal(isAllowed, false)
    assert.ok(retryAfterMs > 900_000 && retryAfterMs <= 1_000_000)
  })
})

describe('while Redis is away', () => {
  test('grants its share of the limit, says so once, and shares again when it is back', async () => {
    await using redis = await startRedis()
    using opened = await openLogged(redis.url)
    const { store, lines } = opened
    await redis.kill()
    assert.equal(await allowedOf(store, 'acme', 10), 2)
    assert.equal(lines.filter((line) => line.includes('redis is away')).length, 1)
    await redis.restart()
    await untilShared(store)
    assert.equal(lines.filter((line) => line.includes('redis is back')).length, 1)
  })

  test('does not wait for a Redis that has frozen', async () => {
    await using redis = await startRedis()
    using opened = await openLogged(redis.url)
    const { store } = opened
    redis.freeze()
    assert.equal(await allowedOf(store, 'acme', 10), 2)
    redis.thaw()
    await untilShared(store)
  })

  test('starts without it', async () => {
    using opened = await openLogged('redis://127.0.0.1:1/0')
    const { store } = opened
    assert.equal(await allowedOf(store, 'acme', 10), 2)
  })

  test('never writes its address or password to the log', async () => {
    using opened = await openLogged('redis://:redis-password-012345@127.0.0.1:1/0')
    const { store, lines } = opened
    await allowedOf(store, 'acme', 3)
    assert.ok(lines.length > 0)
    assert.ok(!lines.join('').includes('redis-password-012345'))
    assert.ok(!lines.join('').includes('127.0.0.1'))
  })
})
