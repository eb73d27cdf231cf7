import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { after, afterEach, before, describe, test } from 'node:test'
import {
  type CachedShop,
  cachingIntegration,
  magentoHeaders,
  otherHeaders,
  startCachedShop,
} from '../../support/cached-shop.ts'
import { startGateway } from '../../support/gateway.ts'
import { globexHeaders, problemOf, send } from '../../support/http-client.ts'
import { scrape } from '../../support/metrics.ts'
import { answerWith, startRawUpstream } from '../../support/raw-upstream.ts'

let count = 0

/** A path that no other test has asked for. */
function newPath(): string {
  count += 1
  return `/rest/V1/products/sku-${count}`
}

for (const kind of ['memory', 'Redis'] as const) {
  describe(`answers that lie in ${kind}`, () => {
    let shop: CachedShop
    let respond: CachedShop['respond']
    before(async () => {
      shop = await startCachedShop(kind)
      respond = shop.respond
    })
    afterEach(() => {
      shop.respond = respond
    })
    after(() => shop[Symbol.asyncDispose]())

    test('are given again, with their age, and Magento is not asked', async () => {
      const path = newPath()
      const asked = shop.upstream.requests.length
      const first = await shop.get(path)
      const second = await shop.get(path)
      assert.equal(first.status, 200)
      assert.equal(first.headers.age, undefined)
      assert.equal(first.headers['cache-status'], 'magegate; fwd=miss')
      assert.deepEqual([second.status, second.body], [200, first.body])
      assert.equal(second.headers['content-type'], magentoHeaders['Content-Type'])
      assert.equal(second.headers.age, '0')
      assert.equal(second.headers['cache-status'], 'magegate; hit')
      assert.equal(second.headers.date, first.headers.date)
      assert.notEqual(second.headers['x-request-id'], first.headers['x-request-id'])
      assert.equal(shop.upstream.requests.length, asked + 1)
    })

    test('tell the caller to keep them and to ask each time, whatever Magento said', async () => {
      const path = newPath()
      for (const answer of [await shop.get(path), await shop.get(path)]) {
        assert.equal(answer.headers['cache-control'], 'private, no-cache')
        assert.equal(answer.headers.pragma, undefined)
        assert.equal(answer.headers.expires, undefined)
      }
    })

    test('have a strong ETag of their bytes, and a caller that has it gets 304', async () => {
      const path = newPath()
      const first = await shop.get(path)
      const digest = createHash('sha256').update(first.body).digest('base64url')
      assert.equal(first.headers.etag, `"${digest}"`)
      const asked = shop.upstream.requests.length
      for (const tags of [`"${digest}"`, `"other", W/"${digest}"`, '*']) {
        const again = await shop.get(path, { 'If-None-Match': tags })
        assert.deepEqual([again.status, again.body], [304, ''], tags)
        assert.equal(again.headers.etag, first.headers.etag)
        assert.equal(again.headers['cache-control'], 'private, no-cache')
        assert.equal(again.headers['content-type'], undefined)
        // If there is a length, it is that of the whole answer (RFC 9110, section 8.6).
        assert.equal(again.headers['content-length'], undefined)
      }
      const changed = await shop.get(path, { 'If-None-Match': '"other"' })
      assert.deepEqual([changed.status, changed.body], [200, first.body])
      assert.equal(shop.upstream.requests.length, asked)
    })

    test('are asked for whole, and a caller that has them gets 304 on a miss too', async () => {
      const path = newPath()
      shop.respond = (socket) => answerWith(socket, { headers: magentoHeaders, body: '[]' })
      const { etag = '' } = (await shop.get(newPath())).headers
      const asked = shop.upstream.requests.length
      const answer = await shop.get(path, { 'If-None-Match': etag })
      assert.equal(answer.status, 304)
      assert.equal(shop.upstream.requests.length, asked + 1)
      assert.doesNotMatch(shop.upstream.requests.at(-1) ?? '', /if-none-match/i)
      assert.equal((await shop.get(path)).body, '[]')
    })

    test("keep Magento's own ETag", async () => {
      const path = newPath()
      shop.respond = (socket) => answerWith(socket, { headers: { ETag: 'W/"m1"' }, body: '[]' })
      assert.equal((await shop.get(path)).headers.etag, 'W/"m1"')
      assert.equal((await shop.get(path, { 'If-None-Match': '"m1"' })).status, 304)
    })

    test('belong to one integration, and to all only where the route says so', async () => {
      const path = newPath()
      const others = (to: string) => send(shop.gateway.url, { path: to, headers: otherHeaders })
      const first = await shop.get(path)
      assert.notEqual((await others(path)).body, first.body)
      const shared = '/rest/V1/directory/countries'
      const countries = await shop.get(shared)
      assert.equal((await others(shared)).body, countries.body)
    })

    test('are kept by path, query, store and what the caller accepts', async () => {
      const path = newPath()
      const answers = [
        await shop.get(path),
        await shop.get(`${path}?fields=sku`),
        await shop.get(`${path}?fields=name`),
        await shop.get(`${path}?`),
        await shop.get(path.replace('/rest/', '/rest/all/')),
        await shop.get(path, { 'Accept-Encoding': 'gzip' }),
        await shop.get(path, { 'Accept-Language': 'de' }),
        await shop.get(path, { Accept: 'application/json' }),
      ]
      assert.equal(new Set(answers.map(({ body }) => body)).size, answers.length)
      assert.equal((await shop.get(path)).body, answers[0]?.body)
    })

    test('are not kept under a field that the caller had end at the gateway', async () => {
      const shared = `/rest/V1/directory/countries?${kind}`
      shop.respond = (socket, request) => {
        const [, colour = 'none'] = /^colour: (\S+)/im.exec(request) ?? []
        const [, language = 'none'] = /^accept-language: (\S+)/im.exec(request) ?? []
        answerWith(socket, { headers: { Vary: 'Colour' }, body: `"${colour}, ${language}"` })
      }
      const fields = { Colour: 'red', 'Accept-Language': 'de' }
      const ending = { ...fields, Connection: 'colour, accept-language' }
      assert.equal((await shop.get(shared, ending)).body, '"none, none"')
      assert.equal((await shop.get(shared, { ...otherHeaders, ...fields })).body, '"red, de"')
      assert.equal((await shop.get(shared, otherHeaders)).body, '"none, none"')
    })

    test('are chosen by the fields that Vary names', async () => {
      const path = newPath()
      shop.respond = (socket, request) => {
        const [, colour = 'none'] = /^colour: (\S+)/im.exec(request) ?? []
        answerWith(socket, {
          headers: { Vary: 'Colour, Accept', 'Content-Type': 'application/json' },
          body: `"${colour}"`,
        })
      }
      const colours = ['red', 'blue', 'none']
      const headersOf = (colour: string): Record<string, string> =>
        colour === 'none' ? {} : { Colour: colour }
      for (const colour of colours) await shop.get(path, headersOf(colour))
      const asked = shop.upstream.requests.length
      for (const colour of colours) {
        const answer = await shop.get(path, headersOf(colour))
        assert.equal(answer.body, `"${colour}"`)
        assert.equal(answer.headers['cache-status'], 'magegate; hit')
      }
      assert.equal(shop.upstream.requests.length, asked)
    })

    const neverKept = {
      'another status than 200': { status: '404 Not Found' },
      'a cookie': { headers: { ...magentoHeaders, 'Set-Cookie': 'PHPSESSID=abc; path=/' } },
      'Vary: *': { headers: { Vary: '*' } },
      'a Vary by what differs in each request': { headers: { Vary: 'X-Forwarded-For' } },
      'more bytes than answerKiB': { body: `"${'x'.repeat(256 * 1024)}"` },
    }
    for (const [what, answer] of Object.entries(neverKept)) {
      test(`are not kept with ${what}`, async () => {
        const path = newPath()
        const asked = shop.upstream.requests.length
        shop.respond = (socket) => answerWith(socket, { body: '{}', ...answer })
        const first = await shop.get(path)
        const second = await shop.get(path)
        assert.equal(second.body, first.body)
        assert.equal(second.headers['set-cookie'], undefined)
        assert.equal(shop.upstream.requests.length, asked + 2)
      })
    }

    test('are kept with as many bytes as answerKiB allows', async () => {
      const path = newPath()
      const body = `"${'x'.repeat(256 * 1024 - 2)}"`
      shop.respond = (socket) => answerWith(socket, { body })
      await shop.get(path)
      const { headers, body: kept } = await shop.get(path)
      assert.equal(headers['cache-status'], 'magegate; hit')
      assert.equal(kept, body)
    })

    test('are bypassed by requests that want nothing kept, or a part', async () => {
      const path = newPath()
      await shop.get(path)
      for (const headers of [
        { 'Cache-Control': 'no-store' },
        { Range: 'bytes=0-1' },
        { 'If-Match': '"a"' },
        { 'If-Unmodified-Since': 'Sat, 28 Nov 2026 09:00:00 GMT' },
      ]) {
        const asked = shop.upstream.requests.length
        await shop.get(path, headers)
        assert.equal(shop.upstream.requests.length, asked + 1, JSON.stringify(headers))
      }
    })

    test('are not given to a caller that wants a new one, or one that stays fresh for longer', async () => {
      const path = newPath()
      for (const headers of [
        { 'Cache-Control': 'no-cache' },
        { Pragma: 'no-cache' },
        { 'Cache-Control': 'max-age=x' },
        { 'Cache-Control': 'min-fresh=601' },
      ]) {
        const before = await shop.get(path)
        const renewed = await shop.get(path, headers)
        assert.notEqual(renewed.body, before.body, JSON.stringify(headers))
        assert.equal((await shop.get(path)).body, renewed.body, 'the new one is kept')
      }
      const { body } = await shop.get(path)
      for (const value of ['max-age=600', 'min-fresh=500', 'max-stale']) {
        assert.equal((await shop.get(path, { 'Cache-Control': value })).body, body, value)
      }
    })

    test('are all that a caller gets who wants nothing else', async () => {
      const path = newPath()
      const asked = shop.upstream.requests.length
      const wanted = { 'Cache-Control': 'only-if-cached' }
      const refused = await shop.get(path, wanted)
      assert.equal(refused.status, 504)
      assert.equal(problemOf(refused).code, 'not-cached')
      assert.equal(shop.upstream.requests.length, asked)
      const both = { 'Cache-Control': 'only-if-cached, no-store' }
      assert.equal(
        (await shop.get(path, both)).status,
        504,
        'not asked either if it wants nothing kept',
      )
      assert.equal(shop.upstream.requests.length, asked)
      const { body } = await shop.get(path)
      assert.equal((await shop.get(path, wanted)).body, body)
      assert.equal((await shop.get(path, both)).body, body)
    })

    test('are given only to requests that every policy lets through', async () => {
      const path = newPath()
      await shop.get(path)
      const stranger = await send(shop.gateway.url, { path })
      assert.equal(stranger.status, 401)
      const unsearchable = await shop.get(`${path}?a.b=1`)
      assert.equal(unsearchable.status, 400)
    })

    test('say in audit and metrics what the cache had to do with them', async () => {
      const before = (await shop.gateway.auditRecords(0)).length
      const path = newPath()
      await shop.get(path)
      await shop.get(path)
      await shop.get(path, { 'Cache-Control': 'no-store' })
      await shop.get('/rest/V1/erp/unknown')
      const records = (await shop.gateway.auditRecords(before + 4)).slice(before)
      assert.deepEqual(
        records.map(({ cache }) => cache),
        ['miss', 'hit', 'bypass', undefined],
      )
      assert.deepEqual(
        records.map(({ upstreamMs }) => upstreamMs !== undefined),
        [true, false, true, false],
      )
      assert.equal(records[1]?.bytesOut, records[0]?.bytesOut)
      const hits = 'magegate_cache_requests_total{route="GET /V1/products/:sku",result="hit"}'
      assert.ok(Number((await scrape(shop.gateway)).value(hits)) > 0)
    })
  })
}

test('answers in Redis are forgotten when a gateway starts, whose configuration may be another', async () => {
  await using shop = await startCachedShop('Redis')
  const path = newPath()
  const kept = await shop.get(path)
  assert.equal((await shop.get(path)).body, kept.body)
  await using next = await startGateway({
    magentoUrl: shop.upstream.url,
    gateway: { store: { redis: 'env:REDIS', deadlineMs: 2_000 } },
    integrations: [cachingIntegration],
    env: { REDIS: shop.redis?.url ?? '' },
  })
  const { body, headers } = await send(next.url, { path, headers: globexHeaders })
  assert.equal(headers['cache-status'], 'magegate; fwd=miss')
  assert.notEqual(body, kept.body)
  assert.equal((await shop.get(path)).body, body)
})

test('answers of two shops lie apart in one Redis', async () => {
  await using shop = await startCachedShop('Redis')
  await using elsewhere = await startRawUpstream((socket) =>
    answerWith(socket, { headers: magentoHeaders, body: '"of the other shop"' }),
  )
  await using other = await startGateway({
    magentoUrl: elsewhere.url,
    gateway: { store: { redis: 'env:REDIS', deadlineMs: 2_000 } },
    integrations: [cachingIntegration],
    env: { REDIS: shop.redis?.url ?? '' },
  })
  const path = newPath()
  const kept = await shop.get(path)
  const answer = await send(other.url, { path, headers: globexHeaders })
  assert.equal(answer.body, '"of the other shop"')
  assert.equal((await shop.get(path)).body, kept.body)
})

test('an answer that one route keeps against what Magento says is not given by one that obeys', async () => {
  const route = 'GET /V1/store/websites'
  const { policies } = cachingIntegration
  await using shop = await startCachedShop('memory', {
    integration: {
      policies: { ...policies, cache: { [route]: { ttlSeconds: 600, shared: true } } },
    },
  })
  const path = '/rest/V1/store/websites'
  const kept = await shop.get(path)
  assert.equal((await shop.get(path)).body, kept.body)
  assert.notEqual((await shop.get(path, otherHeaders)).body, kept.body)
})

test('an answer for a caller with a token is shared only if it says so', async () => {
  await using shop = await startCachedShop('memory')
  for (const [value, use] of [
    ['max-age=60', undefined],
    ['public, max-age=60', 'magegate; hit'],
  ] as const) {
    const path = `/rest/V1/store/websites?${value.length}`
    shop.respond = (socket) =>
      answerWith(socket, { headers: { 'Cache-Control': value }, body: '[]' })
    await shop.get(path)
    assert.equal((await shop.get(path, otherHeaders)).headers['cache-status'], use, value)
  }
})

test('an answer that Magento confirms is given whole, even if it must not be kept any longer', async () => {
  await using shop = await startCachedShop('memory')
  const path = '/rest/V1/store/websites'
  const headers = (directives: string) => ({ ETag: '"a"', 'Cache-Control': directives })
  shop.respond = (socket) =>
    answerWith(socket, { headers: headers('public, no-cache'), body: '["kept"]' })
  await shop.get(path)
  shop.respond = (socket) =>
    answerWith(socket, { status: '304 Not Modified', headers: headers('no-store') })
  const { status, body } = await shop.get(path)
  assert.deepEqual([status, body], [200, '["kept"]'])
  assert.match(shop.upstream.requests.at(-1) ?? '', /if-none-match: "a"/i)
})

test('an answer of Magento is not given by an endpoint of the gateway with the same path', async () => {
  const route = 'GET /V1/magefine/inventaire/:sku'
  const policies = { routes: [route], cache: { [route]: { ttlSeconds: 600, shared: true } } }
  await using shop = await startCachedShop('memory', {
    integration: { policies: { ...policies, endpoints: 'forward' } },
    other: { policies },
  })
  shop.respond = (socket) => answerWith(socket, { body: '{"sku":"A","name":"a","price":1,"x":1}' })
  const path = '/rest/V1/magefine/inventaire/A'
  assert.deepEqual(JSON.parse((await shop.get(path)).body), { sku: 'A', name: 'a', price: 1, x: 1 })
  const composed = await shop.get(path, otherHeaders)
  assert.deepEqual(JSON.parse(composed.body), { sku: 'A', name: 'a', price: 1 })
})

test('an answer that is kept is in the audit record of each request that it is given to', async () => {
  await using shop = await startCachedShop('memory', {
    integration: {
      policies: {
        ...cachingIntegration.policies,
        auditDetails: { 'GET /V1/products/:sku': { answerBody: 1_000 } },
      },
    },
  })
  const path = newPath()
  const bodies = [(await shop.get(path)).body, (await shop.get(path)).body]
  const records = await shop.gateway.auditRecords(2)
  assert.deepEqual(
    records.map(({ cache, answerBody }) => [cache, answerBody]),
    [
      ['miss', bodies[0]],
      ['hit', bodies[1]],
    ],
  )
})
