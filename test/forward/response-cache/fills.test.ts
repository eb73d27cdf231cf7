import assert from 'node:assert/strict'
import { type ClientRequest, request as httpRequest } from 'node:http'
import { after, afterEach, before, describe, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { type CachedShop, otherHeaders, startCachedShop } from '../../support/cached-shop.ts'
import { globexHeaders, problemOf, send } from '../../support/http-client.ts'
import { scrape, scrapeUntil } from '../../support/metrics.ts'
import { answerWith } from '../../support/raw-upstream.ts'

let count = 0

/** A path that no other test has asked for. */
function newPath(): string {
  count += 1
  return `/rest/V1/products/shared-${count}`
}

describe('requests for the same answer at the same time', () => {
  let shop: CachedShop
  let respond: CachedShop['respond']
  before(async () => {
    // No time-out may end what a test expects something else to end.
    shop = await startCachedShop('memory', {
      gateway: { magento: { timeouts: { headersMs: 600_000, totalMs: 600_000 } } },
    })
    respond = shop.respond
  })
  afterEach(() => {
    shop.respond = respond
  })
  after(() => shop[Symbol.asyncDispose]())

  /** Resolves when so many requests wait within the gateway for what another one asks Magento. */
  function waiting(so: number, { gateway } = shop) {
    return scrapeUntil(gateway, ({ value }) => value('magegate_cache_waiting_requests') === so)
  }

  /** For how long requests were neither at work nor at Magento, seconds. */
  async function neitherOwnNorMagento(): Promise<number> {
    const { value } = await scrape(shop.gateway)
    const [whole = 0, magento = 0, own = 0] = ['request', 'upstream', 'own'].map((part) =>
      value(`magegate_${part}_duration_seconds_sum{integration="globex-pim"}`),
    )
    return whole - magento - own
  }

  /** A caller that can be made to leave. */
  function caller(
    path: string,
    { gateway } = shop,
  ): {
    readonly request: ClientRequest
    readonly leave: () => Promise<void>
  } {
    const request = httpRequest(`${gateway.url}${path}`, { headers: globexHeaders })
    request.on('error', () => undefined).end()
    return {
      request,
      leave: async () => {
        const closed = new Promise((resolve) => request.once('close', resolve))
        request.destroy()
        await closed
      },
    }
  }

  /** Two reads of one answer, for which Magento is asked and which it gives when it is released. */
  async function twoReads(path: string) {
    const held = shop.holdNext()
    const first = shop.get(path)
    const release = await held
    const second = shop.get(path)
    await waiting(2)
    return { first, second, release }
  }

  test('are one request to Magento, and each has its own record', async () => {
    const path = newPath()
    const before = (await shop.gateway.auditRecords(0)).length
    const waitedBefore = await neitherOwnNorMagento()
    const asked = shop.upstream.requests.length
    const held = shop.holdNext()
    const first = shop.get(path)
    const release = await held
    const others = [shop.get(path), shop.get(path), shop.get(path)]
    await waiting(4)
    release()
    const answers = await Promise.all([first, ...others])
    assert.deepEqual(new Set(answers.map(({ body }) => body)).size, 1)
    assert.equal(shop.upstream.requests.length, asked + 1)
    assert.equal(answers[1]?.headers['cache-status'], 'magegate; fwd=miss; collapsed')
    const records = (await shop.gateway.auditRecords(before + 4)).slice(before)
    assert.deepEqual(records.map(({ cache }) => cache).sort(), [
      'miss',
      'shared',
      'shared',
      'shared',
    ])
    assert.equal(new Set(records.map(({ requestId }) => requestId)).size, 4)
    assert.equal(records.filter(({ upstreamMs }) => upstreamMs !== undefined).length, 1)
    assert.ok((await neitherOwnNorMagento()) > waitedBefore + 1e-5)
  })

  test('get their answer when the one that was first goes away', async () => {
    const path = newPath()
    const asked = shop.upstream.requests.length
    const held = shop.holdNext()
    const first = caller(path)
    const release = await held
    const second = shop.get(path)
    await waiting(2)
    await first.leave()
    await waiting(1)
    release()
    assert.equal((await second).status, 200)
    assert.equal((await shop.get(path)).body, (await second).body)
    assert.equal(shop.upstream.requests.length, asked + 1)
  })

  test('have waited and not been at work, also if they leave', async () => {
    const path = newPath()
    const records = (await shop.gateway.auditRecords(0)).length
    const held = shop.holdNext()
    const first = shop.get(path)
    const release = await held
    const second = caller(path)
    await waiting(2)
    const waitedBefore = await neitherOwnNorMagento()
    await second.leave()
    await shop.gateway.auditRecords(records + 1)
    assert.ok((await neitherOwnNorMagento()) > waitedBefore + 1e-5)
    release()
    await first
  })

  for (const [what, path] of [
    ['Magento', '/rest/V1/products/turn'],
    ['an endpoint', '/rest/V1/magefine/inventaire/turn'],
  ] as const) {
    test(`get their answer from ${what} when the one that was first goes away while it waits for its turn`, async () => {
      await using busy = await startCachedShop('memory', {
        gateway: { magento: { connections: 1, queue: { maxWaitMs: 60_000 } } },
      })
      const held = busy.holdNext()
      const before = busy.get(newPath())
      const release = await held
      const first = caller(path, busy)
      await waiting(2, busy)
      const second = busy.get(path)
      await waiting(3, busy)
      await first.leave()
      await busy.gateway.auditRecords(1)
      release()
      assert.equal((await before).status, 200)
      assert.equal((await second).status, 200)
    })
  }

  test('are given up towards Magento when the last one has gone away', async () => {
    const path = newPath()
    const arrived = Promise.withResolvers<void>()
    const broken = Promise.withResolvers<void>()
    shop.respond = (socket) => {
      socket.once('close', () => broken.resolve())
      arrived.resolve()
    }
    const first = caller(path)
    await arrived.promise
    const second = caller(path)
    await waiting(2)
    await first.leave()
    await second.leave()
    await broken.promise
    shop.respond = respond
    const { status, headers } = await shop.get(path)
    assert.equal(status, 200)
    assert.equal(headers['cache-status'], 'magegate; fwd=miss', 'nobody had asked again')
  })

  test('each ask Magento where the answer is for nobody else', async () => {
    const path = newPath()
    const asked = shop.upstream.requests.length
    const held = shop.holdNext()
    const first = shop.get(path)
    const release = await held
    const others = [shop.get(path), shop.get(path)]
    await waiting(3)
    release({ status: '404 Not Found', body: '{"message":"none"}' })
    assert.equal((await first).status, 404)
    for (const other of await Promise.all(others)) assert.equal(other.status, 200)
    assert.equal(shop.upstream.requests.length, asked + 3)
  })

  test('each ask Magento where it says that the answer may not be reused', async () => {
    const path = '/rest/V1/store/websites'
    const asked = shop.upstream.requests.length
    const { first, second, release } = await twoReads(path)
    const headers = { 'Cache-Control': 'public, no-cache', ETag: '"a"' }
    release({ headers, body: '"first"' })
    assert.equal((await first).body, '"first"')
    assert.notEqual((await second).body, '"first"')
    assert.equal(shop.upstream.requests.length, asked + 2)
  })

  test('each ask Magento for an answer that is too long, which the first one gets as it comes', async () => {
    const path = newPath()
    const long = `"${'x'.repeat(300 * 1024)}"`
    const { first, second, release } = await twoReads(path)
    release({ body: long })
    assert.equal((await first).body, long)
    assert.equal((await second).status, 200)
    const third = await shop.get(path)
    assert.equal(third.headers['cache-status'], undefined, 'nobody waits for the other any more')
  })

  test('get one answer where Magento fails', async () => {
    const path = newPath()
    const asked = shop.upstream.requests.length
    const arrived = Promise.withResolvers<() => void>()
    shop.respond = (socket) => arrived.resolve(() => socket.destroy())
    const first = shop.get(path)
    const fail = await arrived.promise
    const second = shop.get(path)
    await waiting(2)
    fail()
    for (const answer of [await first, await second]) {
      assert.equal(answer.status, 502)
      assert.equal(problemOf(answer).code, 'upstream-failed')
    }
    assert.equal(shop.upstream.requests.length, asked + 1)
  })

  test('get one answer where Magento says itself that it is down', async () => {
    const path = newPath()
    const asked = shop.upstream.requests.length
    const { first, second, release } = await twoReads(path)
    release({
      status: '503 Service Unavailable',
      headers: { 'Content-Type': 'application/json', 'Retry-After': '7' },
      body: '{"message":"busy"}',
    })
    for (const answer of [await first, await second]) {
      assert.deepEqual([answer.status, answer.body], [503, '{"message":"busy"}'])
      assert.equal(answer.headers['retry-after'], '7')
    }
    assert.equal(shop.upstream.requests.length, asked + 1)
  })

  test('of another integration are not refused with the one that lost its turn in the queue', async () => {
    await using busy = await startCachedShop('memory', {
      gateway: { magento: { connections: 1, queue: { maxWaiting: 4, maxWaitMs: 60_000 } } },
    })
    const countries = '/rest/V1/directory/countries'
    const ofOther = (path: string) => send(busy.gateway.url, { path, headers: otherHeaders })
    const held = busy.holdNext()
    const before = [busy.get(newPath())]
    const release = await held
    for (const so of [2, 3, 4]) {
      before.push(busy.get(newPath()))
      await waiting(so, busy)
    }
    const first = busy.get(countries)
    await waiting(5, busy)
    const second = ofOther(countries)
    await waiting(6, busy)
    // The queue is full, so that the last request of the longest line loses its turn: the first for the countries. When
    // the second then takes its own turn, that is another one of the same line.
    const last = ofOther(newPath())
    assert.equal(problemOf(await first).code, 'upstream-busy')
    assert.equal((await before.pop())?.status, 503)
    release()
    for (const answer of [...before, second, last]) assert.equal((await answer).status, 200)
  })

  test('of another integration are not refused with the one whose token Magento refuses', async () => {
    await using locked = await startCachedShop('memory', {
      integration: {
        upstream: { adminToken: { username: 'env:LOCKED_USER', password: 'env:LOCKED_PASSWORD' } },
      },
      env: { LOCKED_USER: 'locked-user', LOCKED_PASSWORD: 'locked-password-51c07e' },
    })
    const path = '/rest/V1/directory/countries'
    const held = locked.holdNext()
    const first = locked.get(path)
    const release = await held
    const second = send(locked.gateway.url, { path, headers: otherHeaders })
    await waiting(2, locked)
    release({ status: '401 Unauthorized', body: '{"message":"locked"}' })
    assert.equal(problemOf(await first).code, 'upstream-unavailable')
    assert.equal((await second).status, 200)
  })

  test('have their own time-out, not that of the one that was first', async () => {
    await using hasty = await startCachedShop('memory', {
      gateway: { magento: { timeouts: { totalMs: 3_000 } } },
    })
    const path = newPath()
    const answer = hasty.respond
    const arrived = Promise.withResolvers<void>()
    hasty.respond = () => arrived.resolve()
    const first = hasty.get(path)
    await arrived.promise
    // So much longer does its own time last.
    await delay(1_000)
    const second = hasty.get(path)
    await waiting(2, hasty)
    hasty.respond = answer
    assert.equal(problemOf(await first).code, 'upstream-timeout')
    // Its own time is not over, so Magento is asked once more.
    assert.equal((await second).status, 200)
  })

  test('do not wait for one that chooses another variant', async () => {
    const path = newPath()
    const red = Promise.withResolvers<() => void>()
    shop.respond = (socket, request) => {
      const [, colour = 'none'] = /^colour: (\S+)/im.exec(request) ?? []
      const answer = () => answerWith(socket, { headers: { Vary: 'Colour' }, body: `"${colour}"` })
      if (colour === 'red') red.resolve(answer)
      else answer()
    }
    const first = shop.get(path, { Colour: 'red' })
    const release = await red.promise
    const second = shop.get(path, { Colour: 'blue' })
    await waiting(2)
    release()
    assert.equal((await first).body, '"red"')
    assert.equal((await second).body, '"blue"')
  })

  for (const directive of ['no-cache', 'max-age=0']) {
    test(`do not wait for one that was begun before a caller that says ${directive}`, async () => {
      const path = newPath()
      const held = shop.holdNext()
      const first = shop.get(path)
      const release = await held
      const asked = shop.upstream.requests.length
      const heldAtMs = Date.now()
      // To the gateway, what began in the same millisecond is new.
      while (Date.now() === heldAtMs);
      const second = await shop.get(path, { 'Cache-Control': directive })
      assert.equal(shop.upstream.requests.length, asked + 1)
      release()
      assert.notEqual((await first).body, second.body)
      assert.equal((await shop.get(path)).body, second.body, 'the later one is kept')
    })
  }
})

test('the first requests ever about something use the cache in Redis, too', async () => {
  await using shop = await startCachedShop('Redis')
  for (let round = 1; round <= 10; round += 1) {
    const path = newPath()
    const answers = await Promise.all(Array.from({ length: 30 }, () => shop.get(path)))
    const bypassed = answers.filter(({ headers }) => headers['cache-status'] === undefined)
    assert.equal(bypassed.length, 0)
  }
})
