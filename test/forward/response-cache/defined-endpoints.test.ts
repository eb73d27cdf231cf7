import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cachingIntegration, startCachedShop } from '../../support/cached-shop.ts'
import { shared } from '../../support/shared.ts'

const endpoints = {
  summary: { route: 'GET /V1/magefine/summary/:id', call: { route: 'GET /V1/orders/:id' } },
  lines: { route: 'GET /V1/magefine/lines/:id', call: { route: 'GET /V1/acme-module/:id' } },
  comment: {
    route: 'POST /V1/magefine/comment/:id',
    call: { route: 'POST /V1/orders/:id/comments', body: '{ "statusHistory": body }' },
  },
  buy: { route: 'PUT /V1/magefine/buy/:id', call: { route: 'PUT /V1/carts/:id/order' } },
  module: { route: 'POST /V1/magefine/module', call: { route: 'POST /V1/acme-module/run' } },
  later: { route: 'PUT /V1/magefine/later', call: { route: 'POST /async/V1/orders' } },
}
const summary = '/rest/V1/magefine/summary/7'
// Nobody knows what it shows, so that it is never kept behind a write.
const lines = '/rest/V1/magefine/lines/7'
const order = '/rest/V1/orders/7'
const product = '/rest/V1/products/mug'
const countries = '/rest/V1/directory/countries'

const { policies } = cachingIntegration
const cached = [endpoints.summary, endpoints.lines].map(({ route }) => route)
const shop = await shared(
  startCachedShop('memory', {
    endpoints,
    integration: {
      policies: {
        ...policies,
        routes: [...policies.routes, ...Object.values(endpoints).map(({ route }) => route)],
        cache: {
          ...policies.cache,
          ...Object.fromEntries(cached.map((route) => [route, { ttlSeconds: 600 }])),
        },
      },
    },
  }),
)

/** Reads all of them, so that they are kept, writes, and tells which of them are given again as they were. */
async function keptAfter(method: string, path: string): Promise<readonly string[]> {
  const paths = [summary, lines, order, product, countries]
  const before = new Map<string, string>()
  for (const each of paths) before.set(each, (await shop.get(each)).body)
  for (const each of paths) assert.equal((await shop.get(each)).body, before.get(each), each)
  const asked = shop.upstream.requests.length
  const { status, body } = await shop.write(method, path)
  assert.equal(status, 200, body)
  assert.equal(shop.upstream.requests.length, asked + 1)
  const kept: string[] = []
  for (const each of paths) if ((await shop.get(each)).body === before.get(each)) kept.push(each)
  return kept
}

for (const [what, method, path, kept] of [
  ['what its call changes', 'POST', '/rest/V1/magefine/comment/7', [countries]],
  ['the orders, where its call makes one', 'PUT', '/rest/V1/magefine/buy/5', [countries]],
  ['everything, where nobody knows what its call changes', 'POST', '/rest/V1/magefine/module', []],
] as const) {
  test(`a defined endpoint drops ${what}`, async () => {
    assert.deepEqual(await keptAfter(method, path), kept)
  })
}

test('what a defined endpoint shows is dropped by a write to what it calls, and by no other', async () => {
  assert.deepEqual(await keptAfter('POST', '/rest/V1/order/8/ship'), [order, product, countries])
  assert.deepEqual(await keptAfter('POST', '/rest/V1/carts'), [summary, order, product, countries])
})

test('nothing is kept for a while of what a defined endpoint has Magento do later', async () => {
  const bodies = [(await shop.get(order)).body]
  await shop.write('PUT', '/rest/V1/magefine/later')
  for (let count = 0; count < 2; count += 1) bodies.push((await shop.get(order)).body)
  assert.equal(new Set(bodies).size, 3)
})
