import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { globex, startGateway } from '../support/gateway.ts'
import { globexHeaders, problemOf, send, writeOf } from '../support/http-client.ts'
import { startMagento } from '../support/magento-for-tests.ts'
import { scrape } from '../support/metrics.ts'
import { shared } from '../support/shared.ts'
import { shopDocument } from '../support/shop-document.ts'

const routes = [
  'GET /V1/products',
  'GET /V1/products/:sku',
  'POST /V1/products',
  'POST /V1/customers',
  'POST /async/V1/products',
  'POST /async/bulk/V1/products',
  'POST /V1/orders',
  'GET /V1/nothing',
  'GET /V1/orders/:id',
  'PUT /V1/counters/:id',
  'PUT /async/bulk/V1/counters/byId',
]

/** With routes of a module of the shop's own. */
const document = {
  ...shopDocument,
  paths: {
    ...shopDocument.paths,
    '/V1/orders/own-list': { get: { parameters: [] } },
    '/V1/counters/{id}': {
      put: { parameters: [{ name: 'id', in: 'path', type: 'integer', required: true }] },
    },
  },
}

const magento = await shared(startMagento())
const gateway = await shared(
  startGateway({
    magentoUrl: magento.url,
    gateway: { limits: { textLength: 60, arrayItems: 3 } },
    magentoSchema: document,
    integrations: [
      {
        ...globex,
        policies: {
          routes,
          jsonBody: { otherTypes: { 'POST /V1/products': ['text/xml'] } },
          magentoSchema: {
            routes: { 'POST /V1/customers': 'reportOnly', 'POST /V1/orders': 'off' },
          },
        },
      },
    ],
  }),
)

async function write(method: string, path: string, body: object) {
  const before = magento.received.length
  const answer = await send(gateway.url, writeOf(body, { method, path: `/rest/${path}` }))
  const problem = problemOf(answer)
  return { code: problem.code, errors: problem.errors, forwarded: magento.received.length > before }
}

const post = (path: string, body: object) => write('POST', path, body)

async function get(path: string) {
  const before = magento.received.length
  const answer = await send(gateway.url, { path: `/rest/${path}`, headers: globexHeaders })
  return { code: problemOf(answer).code, forwarded: magento.received.length > before }
}

const wrong = { product: { sku: 'a', secretName: 'secretValue', price_value: 'secretPrice' } }
const pointers = [
  { pointer: '/product/price_value', expected: 'a number' },
  { pointer: '/product', expected: 'no members but those of the schema' },
]

describe('a body', () => {
  test('that Magento understands passes', async () => {
    assert.ok((await post('V1/products', { product: { sku: 'a' } })).forwarded)
  })
  test('of another media type, which the configuration passes on unread, passes', async () => {
    const headers = { ...globexHeaders, 'Content-Type': 'text/xml' }
    const request = { method: 'POST', path: '/rest/V1/products', headers, body: '<a/>' }
    const before = magento.received.length
    await send(gateway.url, request)
    assert.equal(magento.received.length, before + 1)
  })
  test('that it does not understand is refused, with every violation and no value', async () => {
    assert.deepEqual(await post('V1/products', wrong), {
      code: 'invalid-body',
      errors: pointers,
      forwarded: false,
    })
  })
  test('with a longer text or array than the gateway takes is refused', async () => {
    const within = { sku: 'a'.repeat(60), website_ids: [1, 2, 3] }
    assert.ok((await post('V1/products', { product: within })).forwarded)
    const beyond = { sku: 'a'.repeat(61), website_ids: [1, 2, 3, 4] }
    assert.deepEqual((await post('V1/products', { product: beyond })).errors, [
      { pointer: '/product/sku', expected: 'at most 60 characters' },
      { pointer: '/product/website_ids', expected: 'at most 3 elements' },
    ])
  })
  test('that is missing is refused', async () => {
    const answer = await send(gateway.url, {
      method: 'POST',
      path: '/rest/V1/products',
      headers: globexHeaders,
    })
    assert.deepEqual(problemOf(answer).errors, [
      { pointer: '/product', expected: 'a value, it is missing' },
    ])
  })
  test('of an async route is checked alike, and one in bulk item by item', async () => {
    assert.deepEqual((await post('async/V1/products', wrong)).errors, pointers)
    const bulk = await post('async/bulk/V1/products', [{ product: { sku: 'a' } }, wrong])
    assert.deepEqual(
      bulk.errors,
      pointers.map((each) => ({ ...each, pointer: `/1${each.pointer}` })),
    )
    assert.ok((await post('async/bulk/V1/products', [{ product: { sku: 'a' } }])).forwarded)
  })
})

describe('a mode of its own for a route', () => {
  test('reportOnly lets through what is wrong, and counts it', async () => {
    assert.ok((await post('V1/customers', { customer: { wrong: 1 } })).forwarded)
    const violations =
      'magegate_contract_violations_total{integration="globex-pim",route="POST /V1/customers"}'
    assert.equal((await scrape(gateway)).value(violations), 1)
  })
  test('off does not look', async () => {
    assert.ok((await post('V1/orders', { order: { wrong: 1 } })).forwarded)
  })
})

describe('a path', () => {
  test('that the schema does not have is refused', async () => {
    assert.deepEqual(await get('V1/nothing'), { code: 'route-not-granted', forwarded: false })
  })
  test('that a grant fits and Magento has another route for is refused', async () => {
    assert.deepEqual(await get('V1/products/attributes'), {
      code: 'route-not-granted',
      forwarded: false,
    })
    assert.ok((await get('V1/products/24-MB01')).forwarded)
    // No route of Magento that the gateway knows of without a schema.
    assert.deepEqual(await get('V1/orders/own-list'), {
      code: 'route-not-granted',
      forwarded: false,
    })
    assert.ok((await get('V1/orders/7')).forwarded)
  })
  test('with a variable of another type is refused, and in bulk the variables are in the body', async () => {
    const put = (path: string, body: object) => write('PUT', path, body)
    const refused = await put('V1/counters/x', {})
    assert.deepEqual([refused.code, refused.forwarded], ['bad-request-target', false])
    assert.ok((await put('V1/counters/1', {})).forwarded)
    assert.ok((await put('async/bulk/V1/counters/byId', [{ id: 1 }])).forwarded)
  })
})

describe('a query parameter', () => {
  test('that the schema has passes', async () => {
    assert.ok((await get('V1/products?searchCriteria[pageSize]=5&fields=items[sku]')).forwarded)
  })
  test('that it does not have is refused', async () => {
    assert.deepEqual(await get('V1/products/24-MB01?editModeX=1'), {
      code: 'query-not-allowed',
      forwarded: false,
    })
  })
})
