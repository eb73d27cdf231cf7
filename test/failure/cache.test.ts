import assert from 'node:assert/strict'
import type { Socket } from 'node:net'
import { describe, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { answerWith, type CachedShop, startCachedShop } from '../support/cached-shop.ts'
import { problemOf } from '../support/http-client.ts'
import { withClient } from '../support/redis.ts'

const path = '/rest/V1/products/mug'

/** Ways in which Magento is down. */
const faults: Readonly<Record<string, (socket: Socket) => void>> = {
  'breaks off': (socket) => socket.destroy(),
  'does not answer in time': () => undefined,
  'answers 502': (socket) => answerWith(socket, { status: '502 Bad Gateway' }),
  'answers 503 in JSON': (socket) =>
    answerWith(socket, {
      status: '503 Service Unavailable',
      headers: { 'Content-Type': 'application/json' },
      body: '{"message":"busy"}',
    }),
  'is in maintenance': (socket) =>
    answerWith(socket, {
      status: '503 Service Unavailable',
      headers: { 'Content-Type': 'text/html' },
      body: '<h1>Maintenance</h1>',
    }),
  'answers 504': (socket) => answerWith(socket, { status: '504 Gateway Timeout' }),
}

/** Asks until the answer that is kept is fresh no more. */
async function untilStale(shop: CachedShop, body: string): Promise<void> {
  for (;;) {
    const answer = await shop.get(path, { 'Cache-Control': 'only-if-cached' })
    if (answer.status === 504) return
    assert.equal(answer.body, body)
    await delay(20)
  }
}

const ofOneSecond = (staleIfErrorSeconds: number) => ({
  policies: {
    routes: ['GET /V1/products/:sku', 'PUT /V1/products/:sku'],
    cache: { 'GET /V1/products/:sku': { ttlSeconds: 1, staleIfErrorSeconds } },
  },
})

for (const kind of ['memory', 'Redis'] as const) {
  describe(`while Magento is down, with answers in ${kind}`, () => {
    for (const [what, fault] of Object.entries(faults)) {
      test(`an old answer is given when it ${what}, and again what it says when it is back`, async () => {
        await using shop = await startCachedShop(kind, {
          gateway: { magento: { timeouts: { totalMs: 500 } } },
          integration: ofOneSecond(600),
        })
        const { respond } = shop
        const { body } = await shop.get(path)
        await untilStale(shop, body)
        shop.respond = fault
        const stale = await shop.get(path)
        assert.deepEqual([stale.status, stale.body], [200, body])
        assert.equal(stale.headers['cache-status'], 'magegate; hit; detail=stale')
        assert.ok(Number(stale.headers.age) >= 1)
        shop.respond = respond
        assert.notEqual((await shop.get(path)).body, body)
        const records = await shop.gateway.auditRecords(1)
        assert.equal(records.filter(({ cache }) => cache === 'stale').length, 1)
      })
    }

    test('an old answer is given when Magento refuses connections, a write tried meanwhile or not', async () => {
      await using shop = await startCachedShop(kind, { integration: ofOneSecond(600) })
      const { body } = await shop.get(path)
      await untilStale(shop, body)
      await shop.upstream.pause()
      assert.equal(problemOf(await shop.write('PUT', path)).code, 'upstream-unreachable')
      assert.equal((await shop.get(path)).body, body)
    })

    test('an old answer is not given for longer than the route says, or than the caller wants', async () => {
      await using shop = await startCachedShop(kind, { integration: ofOneSecond(0) })
      const { body } = await shop.get(path)
      await untilStale(shop, body)
      shop.respond = (socket) => socket.destroy()
      assert.equal((await shop.get(path)).status, 502)
      await using patient = await startCachedShop(kind, { integration: ofOneSecond(600) })
      const kept = await patient.get(path)
      await untilStale(patient, kept.body)
      patient.respond = (socket) => socket.destroy()
      for (const value of ['stale-if-error=0', 'no-cache']) {
        assert.equal((await patient.get(path, { 'Cache-Control': value })).status, 502, value)
      }
      assert.equal((await patient.get(path)).body, kept.body)
    })

    for (const directive of ['must-revalidate', 'proxy-revalidate', 'no-cache', 's-maxage=1']) {
      test(`no old answer is given that Magento has marked ${directive}, where Magento is obeyed`, async () => {
        const rule = { ttlSeconds: 600, staleIfErrorSeconds: 600, shared: true, upstream: 'obey' }
        const routes = ['GET /V1/products/:sku']
        await using shop = await startCachedShop(kind, {
          integration: { policies: { routes, cache: { 'GET /V1/products/:sku': rule } } },
        })
        const prime = async (value: string) => {
          shop.respond = (socket) =>
            answerWith(socket, { headers: { 'Cache-Control': `public, max-age=1, ${value}` } })
          const { body } = await shop.get(path, { 'Cache-Control': 'no-cache' })
          await untilStale(shop, body)
          shop.respond = (socket) => socket.destroy()
        }
        await prime(directive)
        assert.equal((await shop.get(path)).status, 502)
        await prime('immutable')
        assert.equal((await shop.get(path)).status, 200)
      })
    }

    test('what Magento answers with 500 is passed on', async () => {
      await using shop = await startCachedShop(kind, { integration: ofOneSecond(600) })
      const { body } = await shop.get(path)
      await untilStale(shop, body)
      shop.respond = (socket) =>
        answerWith(socket, {
          status: '500 Internal Server Error',
          headers: { 'Content-Type': 'application/json' },
          body: '{}',
        })
      assert.equal((await shop.get(path)).status, 500)
    })
  })
}

describe('while Redis is away', () => {
  test('the cache is bypassed, and what is written meanwhile is dropped before anything is given again', async () => {
    await using shop = await startCachedShop('Redis', { gateway: { store: { deadlineMs: 50 } } })
    const { redis } = shop
    assert.ok(redis)
    const { body } = await shop.get(path)
    redis.freeze()
    const asked = shop.upstream.requests.length
    assert.notEqual((await shop.get(path)).body, body)
    assert.equal((await shop.write('PUT', path)).status, 200)
    assert.equal((await shop.get(path)).status, 200)
    assert.equal(shop.upstream.requests.length, asked + 3)
    redis.thaw()
    let answer = await shop.get(path)
    while (answer.headers['cache-status'] === undefined) answer = await shop.get(path)
    assert.notEqual(answer.body, body)
    const records = await shop.gateway.auditRecords(4)
    assert.deepEqual(
      records.slice(0, 4).map(({ cache }) => cache),
      ['miss', 'bypass', undefined, 'bypass'],
    )
  })

  test('nothing that was kept before is given when it comes back empty', async () => {
    await using shop = await startCachedShop('Redis', { gateway: { store: { deadlineMs: 50 } } })
    const { redis } = shop
    assert.ok(redis)
    const { body } = await shop.get(path)
    await redis.kill()
    assert.notEqual((await shop.get(path)).body, body)
    await redis.restart()
    let answer = await shop.get(path)
    while (answer.headers['cache-status'] !== 'magegate; hit') answer = await shop.get(path)
    assert.notEqual(answer.body, body)
  })

  test('what Redis has lost of the tags is never taken for unchanged', async () => {
    await using shop = await startCachedShop('Redis')
    const { redis } = shop
    assert.ok(redis)
    const { body } = await shop.get(path)
    await withClient(redis.url, async (client) => {
      for (const key of await client.keys('magegate:cache-tag:*')) {
        await client.del(key)
        assert.notEqual((await shop.get(path)).body, body, key)
      }
      // What another program has put there is not given either.
      for (const key of await client.keys('magegate:cache:*')) await client.set(key, '{"ticket"')
    })
    assert.equal((await shop.get(path)).status, 200)
  })
})
