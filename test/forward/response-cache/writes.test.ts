import assert from 'node:assert/strict'
import { request as httpRequest } from 'node:http'
import { join } from 'node:path'
import { after, afterEach, before, describe, test } from 'node:test'
import { type CachedShop, cachingIntegration, startCachedShop } from '../../support/cached-shop.ts'
import { globexHeaders, send, writeOf } from '../../support/http-client.ts'
import { answerWith } from '../../support/raw-upstream.ts'
import { temporaryFolder } from '../../support/shared.ts'

const products = '/rest/V1/products'

/** What each write drops, and what it leaves. */
const drops = [
  {
    write: ['PUT', `${products}/mug`, { product: { name: 'Mug' } }],
    dropped: [
      `${products}/mug`,
      `${products}/mug?fields=name`,
      '/rest/all/V1/products/mug',
      products,
    ],
    left: [`${products}/cup`, '/rest/V1/orders/7', '/rest/V1/stockItems/cup'],
  },
  {
    write: ['PUT', `${products}/MUG`, {}],
    dropped: [`${products}/mug`, `${products}/M%C3%BAg`, '/rest/V1/stockItems/mug'],
    left: [`${products}/cup`],
  },
  {
    write: ['DELETE', `${products}/mug`, undefined],
    dropped: [`${products}/mug`],
    left: [`${products}/cup`],
  },
  {
    write: [
      'POST',
      '/rest/V1/inventory/source-items',
      { sourceItems: [{ sku: 'mug' }, { SKU: 'cup' }] },
    ],
    dropped: [
      `${products}/mug`,
      '/rest/V1/stockItems/cup',
      `${products}?a=1`,
      '/rest/V1/magefine/inventaire/mug',
      '/rest/V1/inventory/source-items',
    ],
    left: [`${products}/pan`],
  },
  {
    write: ['POST', '/rest/V1/magefine/inventaire', { sku: 'mug', qty: 1 }],
    dropped: [`${products}/mug`, '/rest/V1/stockItems/mug'],
    left: [`${products}/cup`],
  },
  {
    write: ['POST', products, { product: { name: 'without an SKU' } }],
    dropped: [`${products}/mug`, `${products}/cup`, products],
    left: ['/rest/V1/orders/7'],
  },
  {
    // As clients write that send back what they have read.
    write: ['PUT', `${products}/mug`, { product: { id: 5 } }],
    dropped: [`${products}/mug`, '/rest/V1/stockItems/mug', products],
    left: [`${products}/cup`, '/rest/V1/orders/7'],
  },
  {
    write: ['DELETE', `${products}/mug-red`, undefined],
    dropped: ['/rest/V1/configurable-products/mug/children'],
    left: [`${products}/cup`],
  },
  {
    write: ['POST', '/rest/V1/eav/attribute-sets', { attributeSet: {} }],
    dropped: ['/rest/V1/eav/attribute-sets/list', `${products}/attribute-sets/sets/list`],
    left: ['/rest/V1/orders/7'],
  },
  {
    write: ['POST', `${products}/attribute-sets`, { attributeSet: {} }],
    dropped: ['/rest/V1/eav/attribute-sets/list', `${products}/attribute-sets/sets/list`],
    left: ['/rest/V1/orders/7'],
  },
  {
    write: ['POST', '/rest/V1/products/attributes', { attribute: {} }],
    dropped: [`${products}/mug`, products],
    left: ['/rest/V1/orders/7'],
  },
  {
    write: ['POST', '/rest/V1/order/7/ship', {}],
    dropped: ['/rest/V1/orders/7', '/rest/V1/orders', '/rest/V1/orders/items'],
    left: ['/rest/V1/orders/8', `${products}/mug`],
  },
  {
    write: ['PUT', '/rest/V1/carts/5/order', {}],
    dropped: ['/rest/V1/orders', '/rest/V1/orders/7'],
    left: [`${products}/mug`],
  },
  {
    write: ['POST', '/rest/V1/carts', {}],
    dropped: ['/rest/V1/erp/lines/1'],
    left: [`${products}/mug`, '/rest/V1/orders/7', '/rest/V1/directory/countries'],
  },
  {
    write: ['POST', '/rest/V1/erp/lines', { lines: [] }],
    dropped: [
      `${products}/mug`,
      products,
      '/rest/V1/orders/7',
      '/rest/V1/directory/countries',
      '/rest/V1/erp/lines/1',
    ],
    left: [],
  },
  {
    write: ['POST', '/rest/V1/products/tier-prices-information', { skus: ['mug'] }],
    dropped: [],
    left: [`${products}/mug`, products],
  },
] as const

for (const kind of ['memory', 'Redis'] as const) {
  describe(`a write, with answers in ${kind}`, () => {
    let shop: CachedShop
    let respond: CachedShop['respond']
    before(async () => {
      shop = await startCachedShop(kind, {
        gateway: { magento: { timeouts: { totalMs: 1_500 } } },
      })
      respond = shop.respond
    })
    afterEach(() => {
      shop.respond = respond
    })
    after(() => shop[Symbol.asyncDispose]())

    /** Whether every process gives the answer that was kept. */
    async function isKept(path: string, body: string): Promise<boolean> {
      const answers = await Promise.all(
        shop.gateways.map(({ url }) => send(url, { path, headers: globexHeaders })),
      )
      const kept = answers.filter((answer) => answer.body === body).length
      assert.ok(kept === 0 || kept === answers.length, 'all processes give the same')
      return kept > 0
    }

    for (const { write, dropped, left } of drops) {
      const [method, path, body] = write
      test(`${method} ${path} ${JSON.stringify(body)} drops what it may have changed`, async () => {
        const paths = [...dropped, ...left]
        const before = new Map<string, string>()
        for (const each of paths) before.set(each, (await shop.get(each)).body)
        for (const each of paths) assert.ok(await isKept(each, before.get(each) ?? ''), each)
        const asked = shop.upstream.requests.length
        await shop.write(method, path, body)
        assert.ok(shop.upstream.requests.length > asked, 'the write was sent')
        for (const each of dropped) {
          assert.equal(await isKept(each, before.get(each) ?? ''), false, `${each} is dropped`)
        }
        for (const each of left) {
          assert.ok(await isKept(each, before.get(each) ?? ''), `${each} is left`)
        }
      })
    }

    test('drops also what was being fetched while it was under way', async () => {
      const path = `${products}/race-1`
      const held = shop.holdNext()
      const reading = shop.get(path)
      const release = await held
      await shop.write('PUT', path)
      // Whoever asks after the write does not get what was read before it.
      const asked = shop.upstream.requests.length
      const afterwards = await shop.get(path)
      assert.equal(shop.upstream.requests.length, asked + 1)
      release({ body: '"old"' })
      assert.equal((await reading).body, '"old"')
      assert.equal((await shop.get(path)).body, afterwards.body)
    })

    test('drops also what was fetched and kept between its beginning and its end', async () => {
      const path = `${products}/race-2`
      const held = shop.holdNext()
      const writing = shop.write('PUT', path)
      const release = await held
      const { body } = await shop.get(path)
      assert.ok(await isKept(path, body))
      release()
      await writing
      assert.equal(await isKept(path, body), false)
    })

    for (const status of ['400 Bad Request', '500 Internal Server Error', '503 Unavailable']) {
      test(`drops what it names when Magento answers ${status}`, async () => {
        const path = `${products}/failed-${status.slice(0, 3)}`
        const { body } = await shop.get(path)
        shop.respond = (socket) =>
          answerWith(socket, {
            status,
            headers: { 'Content-Type': 'application/json' },
            body: '{}',
          })
        assert.equal((await shop.write('PUT', path)).status, Number(status.slice(0, 3)))
        shop.respond = respond
        assert.equal(await isKept(path, body), false)
      })
    }

    const unknownEnds = {
      'Magento breaks off': (path: string) => {
        shop.respond = (socket) => socket.destroy()
        return shop.write('PUT', path)
      },
      'Magento does not answer in time': (path: string) => {
        shop.respond = () => undefined
        return shop.write('PUT', path)
      },
      'its caller goes away': async (path: string) => {
        const arrived = Promise.withResolvers<void>()
        const closed = Promise.withResolvers<void>()
        shop.respond = (socket) => {
          socket.once('close', () => closed.resolve())
          arrived.resolve()
        }
        const outgoing = httpRequest(`${shop.gateway.url}${path}`, {
          method: 'DELETE',
          headers: globexHeaders,
        })
        outgoing.on('error', () => undefined).end()
        await arrived.promise
        outgoing.destroy()
        await closed.promise
      },
      'it is carried out later': async () => {
        await shop.write('PUT', '/rest/async/bulk/V1/products/bySku', [])
      },
    }
    test('has nothing kept of what it names for a while when its end is not known', async (t) => {
      const paths: string[] = []
      for (const [what, end] of Object.entries(unknownEnds)) {
        await t.test(what, async () => {
          const path = `${products}/unknown-${what.length}`
          paths.push(path)
          const { body } = await shop.get(path)
          await end(path)
          shop.respond = respond
          const bodies = [body, (await shop.get(path)).body, (await shop.get(path)).body]
          assert.equal(new Set(bodies).size, 3)
        })
      }
      // Then it is kept again.
      for (const path of paths) {
        let last = await shop.get(path)
        while (last.headers['cache-status'] !== 'magegate; hit') last = await shop.get(path)
      }
    })

    test('that is refused drops nothing', async () => {
      const path = `${products}/refused`
      const { body } = await shop.get(path)
      assert.equal((await shop.write('PUT', `${path}?product=1`)).status, 400)
      assert.ok(await isKept(path, body))
    })

    test('that another integration sends drops it too', async () => {
      const path = `${products}/of-both`
      const { body } = await shop.get(path)
      await send(shop.gateways.at(-1)?.url ?? '', {
        method: 'DELETE',
        path,
        headers: { Authorization: 'Bearer other-token-7f3a9c2e11' },
      })
      assert.equal(await isKept(path, body), false)
    })
  })
}

test('a write that may name what the gateway does not read drops all of its kind', async () => {
  const put = 'PUT /V1/products/:sku'
  const policies = {
    ...cachingIntegration.policies,
    jsonBody: { otherTypes: { [put]: ['application/xml'] } },
    knownAttacks: { except: { [put]: ['write-query'] } },
  }
  await using shop = await startCachedShop('memory', { integration: { policies } })
  const kept = [`${products}/cup`, '/rest/V1/orders/7']
  const xml = { body: '<product><sku>cup</sku></product>', type: 'application/xml' }
  const json = { body: '{"product":{"name":"Mug"}}', type: 'application/json' }
  for (const { query, body, type, dropped } of [
    { query: '', ...xml, dropped: [true, false] },
    { query: '?product%5Bsku%5D=cup', ...json, dropped: [true, false] },
    { query: '?fields=name', ...json, dropped: [false, false] },
  ]) {
    const before = await Promise.all(kept.map((path) => shop.get(path)))
    const path = `${products}/mug${query}`
    const headers = { 'Content-Type': type }
    const write = writeOf(body, { method: 'PUT', path, headers })
    assert.equal((await send(shop.gateway.url, write)).status, 200)
    const after = await Promise.all(kept.map((each) => shop.get(each)))
    assert.deepEqual(
      after.map((answer, index) => answer.body !== before[index]?.body),
      dropped,
      `${query} ${type}`,
    )
  }
})

test("a job in Magento's own queue drops what it may have changed again when it has ended there", async () => {
  const folder = await temporaryFolder()
  await using shop = await startCachedShop('memory', {
    gateway: {
      jobs: { file: join(folder, 'jobs.sqlite'), retry: { firstMs: 10, longestMs: 40 } },
      magento: { timeouts: { totalMs: 1_000 } },
    },
    integration: {
      policies: {
        ...cachingIntegration.policies,
        jobs: { 'PUT /V1/products/:sku': { mode: 'always', engine: 'magento' } },
      },
    },
  })
  const { respond } = shop
  let operation = 4
  shop.respond = (socket, request) => {
    if (request.startsWith('PUT ')) {
      answerWith(socket, {
        status: '202 Accepted',
        body: '{"bulk_uuid":"b","request_items":[{"id":0,"status":"accepted"}]}',
      })
    } else if (request.includes('/bulk/b/')) {
      answerWith(socket, { body: `{"operations_list":[{"id":0,"status":${operation}}]}` })
    } else respond(socket, request)
  }
  const path = `${products}/in-queue`
  const { location = '' } = (await shop.write('PUT', path)).headers
  // Magento takes longer than nothing is kept.
  let kept = await shop.get(path)
  while (kept.headers['cache-status'] !== 'magegate; hit') kept = await shop.get(path)
  operation = 1
  const stateNow = async () =>
    (JSON.parse((await shop.get(location)).body) as { readonly state: string }).state
  for (let state = await stateNow(); state !== 'done'; state = await stateNow()) {
    assert.ok(['waiting', 'running'].includes(state), state)
  }
  assert.notEqual((await shop.get(path)).body, kept.body)
})

test('a write that a job carries out drops what it may have changed before the job is done', async () => {
  const folder = await temporaryFolder()
  await using shop = await startCachedShop('memory', {
    gateway: { jobs: { file: join(folder, 'jobs.sqlite') } },
  })
  const path = `${products}/by-job`
  const { body } = await shop.get(path)
  const accepted = await send(
    shop.gateway.url,
    writeOf('{}', { method: 'PUT', path, headers: { Prefer: 'respond-async' } }),
  )
  assert.equal(accepted.status, 202)
  const { location = '' } = accepted.headers
  const stateNow = async () =>
    (JSON.parse((await shop.get(location)).body) as { readonly state: string }).state
  for (let state = await stateNow(); state !== 'done'; state = await stateNow()) {
    assert.ok(['waiting', 'running'].includes(state), state)
  }
  assert.notEqual((await shop.get(path)).body, body)
})
