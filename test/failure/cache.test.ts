import assert from 'node:assert/strict'
import type { Socket } from 'node:net'
import { after, afterEach, before, describe, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { type CachedShop, startCachedShop } from '../support/cached-shop.ts'
import { problemOf } from '../support/http-client.ts'
import { answerWith } from '../support/raw-upstream.ts'
import { withClient } from '../support/redis.ts'

const path = '/rest/V1/products/mug'

/** Ways in which Magento is down. */
const waysToBeDown: Readonly<Record<string, (socket: Socket) => void>> = {
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

/** These, by an SKU for each. */
const faults = new Map(
  Object.entries(waysToBeDown).map(([what, fault], index) => [`mug-${index}`, { what, fault }]),
)

/** Asks for a path until the answer that is kept is no longer fresh. */
async function untilStale(shop: CachedShop, path: string): Promise<void> {
  for (;;) {
    const answer = await shop.get(path, { 'Cache-Control': 'only-if-cached' })
    if (answer.status === 504) return
    assert.equal(answer.status, 200)
    await delay(20)
  }
}

const ofOneSecond = (staleIfErrorSeconds: number) => ({
  policies: {
    routes: ['GET /V1/products/:sku', 'PUT /V1/products/:sku'],
    cache: { 'GET /V1/products/:sku': { ttlSeconds: 1, staleIfErrorSeconds } },
  },
})

const pathOf = (sku: string) => `/rest/V1/products/${sku}`
const skus = [...faults.keys(), 'refused', 'unwanted', 'failed']

for (const kind of ['memory', 'Redis'] as const) {
  describe(`while Magento is down, with answers in ${kind}`, () => {
    // All tests wait for the same second in which answers become stale; each has an SKU of its own.
    let shop: CachedShop
    let respond: CachedShop['respond']
    const kept = new Map<string, string>()
    before(async () => {
      shop = await startCachedShop(kind, {
        gateway: { magento: { timeouts: { totalMs: 500 }, circuitBreaker: { mode: 'off' } } },
        integration: ofOneSecond(600),
      })
      respond = shop.respond
      for (const sku of skus) {
        let answer = await shop.get(pathOf(sku))
        // A busy machine may need longer than it has.
        while (answer.status !== 200) answer = await shop.get(pathOf(sku))
        kept.set(sku, answer.body)
      }
      for (const sku of skus) await untilStale(shop, pathOf(sku))
    })
    after(() => shop[Symbol.asyncDispose]())
    afterEach(() => {
      shop.respond = respond
    })

    for (const [sku, { what, fault }] of faults) {
      test(`an old answer is given when it ${what}, and again what it says when it is back`, async () => {
        const path = pathOf(sku)
        shop.respond = fault
        const stale = await shop.get(path)
        assert.deepEqual([stale.status, stale.body], [200, kept.get(sku)])
        assert.equal(stale.headers['cache-status'], 'magegate; hit; detail=stale')
        assert.ok(Number(stale.headers.age) >= 1)
        shop.respond = respond
        assert.notEqual((await shop.get(path)).body, kept.get(sku))
        const records = (await shop.gateway.auditRecords(1)).filter((each) => each.path === path)
        assert.equal(records.filter(({ cache }) => cache === 'stale').length, 1)
      })
    }

    test('an old answer is not given to a caller that does not want it', async () => {
      const path = pathOf('unwanted')
      shop.respond = (socket) => socket.destroy()
      for (const value of ['stale-if-error=0', 'no-cache']) {
        assert.equal((await shop.get(path, { 'Cache-Control': value })).status, 502, value)
      }
      assert.equal((await shop.get(path)).body, kept.get('unwanted'))
    })

    test('an old answer is said to be old also to a caller that accepts it', async () => {
      const path = pathOf('unwanted')
      const asked = shop.upstream.requests.length
      const { headers } = await shop.get(path, { 'Cache-Control': 'max-stale' })
      assert.equal(headers['cache-status'], 'magegate; hit; detail=stale')
      assert.equal(shop.upstream.requests.length, asked)
    })

    test('what Magento answers with 500 is passed on', async () => {
      shop.respond = (socket) =>
        answerWith(socket, {
          status: '500 Internal Server Error',
          headers: { 'Content-Type': 'application/json' },
          body: '{}',
        })
      assert.equal((await shop.get(pathOf('failed'))).status, 500)
    })

    test('an old answer is given when Magento refuses connections, a write tried meanwhile or not', async () => {
      const path = pathOf('refused')
      await shop.upstream.pause()
      const written = await shop.write('PUT', path)
      const stale = await shop.get(path)
      await shop.upstream.resume()
      assert.equal(problemOf(written).code, 'upstream-unreachable')
      assert.equal(stale.body, kept.get('refused'))
    })
  })

  test(`an old answer in ${kind} is not given for longer than the route says`, async () => {
    await using shop = await startCachedShop(kind, { integration: ofOneSecond(0) })
    assert.equal((await shop.get(path)).status, 200)
    await untilStale(shop, path)
    shop.respond = (socket) => socket.destroy()
    assert.equal((await shop.get(path)).status, 502)
  })

  describe(`no old answer in ${kind}, where Magento is obeyed, is given that Magento has marked`, () => {
    const directives = ['must-revalidate', 'proxy-revalidate', 'no-cache', 's-maxage=1']
    let shop: CachedShop
    before(async () => {
      const rule = { ttlSeconds: 600, staleIfErrorSeconds: 600, shared: true, upstream: 'obey' }
      const routes = ['GET /V1/products/:sku']
      shop = await startCachedShop(kind, {
        integration: { policies: { routes, cache: { 'GET /V1/products/:sku': rule } } },
      })
      const paths: string[] = []
      const prime = async (directive: string, sku: string) => {
        const value = `public, max-age=1, ${directive}`
        shop.respond = (socket) => answerWith(socket, { headers: { 'Cache-Control': value } })
        paths.push(pathOf(sku))
        assert.equal((await shop.get(pathOf(sku))).status, 200)
      }
      for (const [index, directive] of directives.entries()) {
        await prime(directive, `marked-${index}`)
        await prime('immutable', `other-${index}`)
      }
      for (const each of paths) await untilStale(shop, each)
      shop.respond = (socket) => socket.destroy()
    })
    after(() => shop[Symbol.asyncDispose]())

    for (const [index, directive] of directives.entries()) {
      test(directive, async () => {
        assert.equal((await shop.get(pathOf(`marked-${index}`))).status, 502)
        assert.equal((await shop.get(pathOf(`other-${index}`))).status, 200)
      })
    }
  })
}

describe('while Redis is away', () => {
  test('the cache is bypassed, and what is written meanwhile is dropped before anything is given again', async () => {
    // Long enough for a Redis that is right, however busy the machine is.
    await using shop = await startCachedShop('Redis', { gateway: { store: { deadlineMs: 500 } } })
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

  test('no earlier answer is given when Redis comes back empty', async () => {
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

  test('a tag that Redis has lost never counts as unchanged', async () => {
    await using shop = await startCachedShop('Redis')
    const { redis } = shop
    assert.ok(redis)
    const { body } = await shop.get(path)
    await withClient(redis.url, async (client) => {
      const keysOf = async (prefix: string) => {
        const keys = await client.keys(`${prefix}*`)
        assert.notDeepEqual(keys, [], prefix)
        return keys
      }
      for (const key of await keysOf('magegate:cache-tag:')) {
        await client.del(key)
        assert.notEqual((await shop.get(path)).body, body, key)
      }
      // What another program has put there is not given either.
      for (const key of await keysOf('magegate:cache:')) await client.set(key, '{"ticket"')
    })
    assert.equal((await shop.get(path)).status, 200)
  })
})
