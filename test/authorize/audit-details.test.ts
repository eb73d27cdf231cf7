import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { AuditRecord } from '../../src/record/audit-record.ts'
import { globex, startGateway } from '../support/gateway.ts'
import { type ClientRequest, globexHeaders, send } from '../support/http-client.ts'
import { startRawUpstream } from '../support/raw-upstream.ts'
import { shared } from '../support/shared.ts'
import { answerInGzip } from './answer-in-gzip.ts'

const routes = [
  'GET /V1/products/:id',
  'PUT /V1/products/:sku',
  'POST /V1/products',
  'POST /V1/inventory/source-items',
  'POST /async/bulk/V1/inventory/source-items',
  'POST /async/bulk/V1/erp/articles',
  'POST /V1/order/:orderId/invoice',
  'POST /V1/invoices',
  'GET /V1/bulk/:uuid/status',
  'PUT /async/bulk/V1/products/bySku',
  'POST /V1/products/options',
  'GET /V1/orders/:id',
  'POST /V1/erp/lines',
  'POST /V1/erp/plain/:sku',
  'PUT /V1/customers/:customerId',
  'POST /V1/products/:sku/websites',
  'PUT /V1/products/:sku/links',
  'POST /V1/products/:sku/links',
  'PUT /V1/orders/:parent_id',
  'PUT /V1/returns/:id',
  'POST /V1/order/notify-orders-are-ready-for-pickup',
]
const answerBody = JSON.stringify({ id: 7, password_hash: 'a-hash-of-it', name: 'x'.repeat(40) })

const upstream = await shared(
  startRawUpstream((socket, request) => {
    answerInGzip(socket, request, answerBody)
  }),
)
const gateway = await shared(
  startGateway({
    magentoUrl: upstream.url,
    gateway: { audit: { redact: { names: ['taxvat'] } } },
    integrations: [
      {
        ...globex,
        policies: {
          routes,
          auditDetails: {
            'POST /V1/erp/lines': {
              skus: ['/lines/*/article~1number'],
              orderIds: ['/order'],
              jobIds: ['/lines/0/job'],
            },
            'POST /V1/erp/plain/:sku': { skus: [], orderIds: [':sku'] },
            'POST /async/bulk/V1/erp/articles': {
              skus: ['/*/article/sku'],
              orderIds: ['/order'],
              jobIds: ['/1/job'],
            },
            'PUT /V1/customers/:customerId': { requestBody: 10_000, answerBody: 60 },
          },
        },
      },
    ],
  }),
)

let sent = 0
async function recordOf(request: Partial<ClientRequest>): Promise<AuditRecord> {
  const headers = {
    ...globexHeaders,
    'Content-Type': 'application/json',
    'Accept-Encoding': 'gzip',
  }
  const answer = await send(gateway.url, { ...request, headers })
  assert.equal(answer.status, 200, answer.body)
  sent += 1
  return (await gateway.auditRecords(sent)).at(-1) as AuditRecord
}

function post(path: string, body: unknown, method = 'POST'): Promise<AuditRecord> {
  return recordOf({ method, path: `/rest${path}`, body: JSON.stringify(body) })
}

describe('of the routes of Magento the record tells', () => {
  test('the SKU of a path, whatever its variable is called', async () => {
    const { skus } = await recordOf({ path: '/rest/V1/products/24%2FMB%2001' })
    assert.deepEqual(skus, ['24/MB 01'])
  })
  test('the product that a body names by its id, which gets the SKU beside it', async () => {
    const product = { id: '5.0', sku: 'new' }
    for (const method of ['POST', 'PUT']) {
      const path = method === 'POST' ? '/V1/products' : '/V1/products/A'
      const { skus, productIds } = await post(path, { product }, method)
      assert.deepEqual(skus, method === 'POST' ? ['new'] : ['A', 'new'])
      assert.deepEqual(productIds, ['5.0', '5'])
    }
  })
  test('what a body names in place of the path, since Magento may act on either', async () => {
    const website = { productWebsiteLink: { sku: 'B', websiteId: 1 } }
    const websites = await post('/V1/products/A/websites', website)
    assert.deepEqual(websites.skus, ['A', 'B'])
    const links = await post('/V1/products/A/links?fields=x', { entity: { sku: 'B' } }, 'PUT')
    assert.deepEqual(links.skus, ['A', 'B'])
    const address = await post('/V1/orders/5', { entity: { parent_id: 9 }, x: 1 }, 'PUT')
    assert.deepEqual(address.orderIds, ['5', '9'])
    const returned = await post('/V1/returns/5', { rmaDataObject: { orderId: 9 } }, 'PUT')
    assert.deepEqual(returned.orderIds, ['9'])
  })
  test('every SKU whose stock a body sets, in any spelling, each once', async () => {
    const items = [{ sku: 'A' }, { SKU: 'B' }, { sku: 'A' }].map((item) => ({
      ...item,
      quantity: 1,
    }))
    for (const name of ['sourceItems', 'source_items']) {
      const { skus } = await post('/V1/inventory/source-items', { [name]: items })
      assert.deepEqual(skus, ['A', 'B'])
    }
  })
  test('all of as many as the gateway sets at once', async () => {
    const items = Array.from({ length: 10_000 }, (_, index) => ({ sku: `sku-${index}` }))
    const { skus, subjectsLeftOut } = await post('/V1/inventory/source-items', {
      sourceItems: items,
    })
    assert.deepEqual(
      skus,
      items.map(({ sku }) => sku),
    )
    assert.equal(subjectsLeftOut, undefined)
  })
  test('how many of still more it leaves out', async () => {
    const items = Array.from({ length: 10_003 }, (_, index) => ({ sku: `sku-${index}` }))
    const known = { sku: 'sku-0' }
    const { skus, subjectsLeftOut } = await post('/V1/inventory/source-items', {
      sourceItems: [...items, known],
    })
    assert.deepEqual([skus?.length, subjectsLeftOut], [10_000, 3])
  })
  test('those of each element where Magento does it later', async () => {
    const body = ['A', 'B'].map((sku) => ({ sourceItems: [{ sku }] }))
    const { skus } = await post('/async/bulk/V1/inventory/source-items', body)
    assert.deepEqual(skus, ['A', 'B'])
  })
  test('those of each element where Magento does it later, of the words that stand for variables too', async () => {
    const body = [{ sku: 'A', product: { sku: 'B' } }, { product: { sku: 'C' } }]
    const { skus } = await post('/async/bulk/V1/products/bySku', body, 'PUT')
    assert.deepEqual(skus?.toSorted(), ['A', 'B', 'C'])
  })
  test('those of each element of an array, of which a job of Magento makes a bulk', async () => {
    const body = ['A', 'B'].map((sku) => ({ product: { sku } }))
    assert.deepEqual((await post('/V1/products', body)).skus, ['A', 'B'])
  })
  test('the SKU that an option belongs to', async () => {
    const { skus } = await post('/V1/products/options', { option: { productSku: 'A' } })
    assert.deepEqual(skus, ['A'])
  })
  test('the order that Magento takes a number for, besides what was sent', async () => {
    for (const sent of ['005', '5.0', '%2B5']) {
      const { orderIds } = await recordOf({ path: `/rest/V1/orders/${sent}` })
      assert.deepEqual(orderIds, [decodeURIComponent(sent), '5'])
    }
    const { orderIds } = await recordOf({ path: '/rest/V1/orders/5' })
    assert.deepEqual(orderIds, ['5'])
    for (const order_id of ['005', '5e0', 5.5, ' 5']) {
      const { orderIds } = await post('/V1/invoices', { entity: { order_id } })
      assert.deepEqual(orderIds, [String(order_id), '5'])
    }
  })
  test('the order that Magento takes a number for that is too large for PHP', async () => {
    for (const [order_id, orderId] of [
      [2 ** 64 + 4096, '4096'],
      [-(2 ** 65) + 8192, '8192'],
    ] as const) {
      const { orderIds } = await post('/V1/invoices', { entity: { order_id } })
      assert.deepEqual(orderIds, [String(order_id), orderId])
    }
    const { orderIds } = await post('/V1/invoices', { entity: { order_id: `${2n ** 64n + 5n}` } })
    assert.deepEqual(orderIds, ['18446744073709551621'])
  })
  test('the order that Magento takes a text in a list for, even if it only begins with a number', async () => {
    const path = '/V1/order/notify-orders-are-ready-for-pickup'
    const { orderIds } = await post(path, { orderIds: ['5 or so', '1e1x', true, 7, 'none', '0x9'] })
    assert.deepEqual(orderIds, ['5 or so', '5', '1e1x', '10', '1', '7', 'none', '0x9', '0'])
    for (const list of [['9'], { a: 9 }]) {
      assert.deepEqual((await post(path, { orderIds: [list, []] })).orderIds, ['1'])
    }
    const { orderIds: sent } = await post('/V1/invoices', { entity: { order_id: '5 or so' } })
    assert.deepEqual(sent, ['5 or so'])
  })
  test('the SKU that Magento takes another value for, besides what was sent', async () => {
    for (const [sku, skus] of [
      [true, ['1']],
      [false, undefined],
      [4006381333931.0005, ['4006381333931.0005', '4006381333931']],
      [4006381333931, ['4006381333931']],
      [1.5, ['1.5']],
    ] as const) {
      const items = { sourceItems: [{ sku }] }
      assert.deepEqual((await post('/V1/inventory/source-items', items)).skus, skus)
    }
  })
  test('an SKU with more spaces behind it than an SKU can be long', async () => {
    const sku = `A${' '.repeat(100)}`
    assert.deepEqual((await post('/V1/products', { product: { sku } })).skus, ['A'])
    const { skus } = await recordOf({ path: `/rest/V1/products/A${'%20'.repeat(100)}` })
    assert.deepEqual(skus, ['A'])
  })
  test('an SKU of which the database cuts off what comes after such spaces', async () => {
    for (const [sku, skus] of [
      [`A${' '.repeat(63)}x`, ['A']],
      [`A${' '.repeat(62)}x`, [`A${' '.repeat(62)}x`]],
      [`${' '.repeat(64)}x`, undefined],
    ] as const) {
      const items = { sourceItems: [{ sku }] }
      assert.deepEqual((await post('/V1/inventory/source-items', items)).skus, skus)
    }
  })
  test('an SKU of as many characters as one can have, some of which are two UTF-16 units', async () => {
    for (const [sku, skus] of [
      ['😀'.repeat(64), ['😀'.repeat(64)]],
      ['😀'.repeat(65), undefined],
      [`A${' '.repeat(62)}😀`, [`A${' '.repeat(62)}😀`]],
      [`😀${' '.repeat(63)}x`, ['😀']],
    ] as const) {
      const items = { sourceItems: [{ sku }] }
      assert.deepEqual((await post('/V1/inventory/source-items', items)).skus, skus)
    }
  })
  test('the SKUs of path and body', async () => {
    const { skus } = await post('/V1/products/A', { product: { sku: 'B' } }, 'PUT')
    assert.deepEqual(skus, ['A', 'B'])
  })
  test('the products that links and options name, since Magento saves them there', async () => {
    const links = { items: [{ sku: 'B', linkType: 'related', linkedProductSku: 'C' }] }
    assert.deepEqual((await post('/V1/products/A/links', links)).skus, ['A', 'B'])
    const product = { sku: 'A', productLinks: [{ sku: 'B' }], options: [{ product_sku: 'C' }] }
    assert.deepEqual((await post('/V1/products', { product })).skus, ['A', 'B', 'C'])
    assert.deepEqual((await post('/V1/products/A', { product }, 'PUT')).skus, ['A', 'B', 'C'])
  })
  test('orders and jobs', async () => {
    assert.deepEqual((await post('/V1/order/17/invoice', {})).orderIds, ['17'])
    assert.deepEqual((await post('/V1/invoices', { entity: { orderId: 18 } })).orderIds, ['18'])
    const { jobIds } = await recordOf({ path: '/rest/V1/bulk/0d0a6a1e-3c57/status' })
    assert.deepEqual(jobIds, ['0d0a6a1e-3c57'])
  })
  test('no token, wherever a caller puts one', async () => {
    const token = 'ab12'.repeat(8)
    const { skus } = await recordOf({ path: `/rest/V1/products/${token}` })
    const { orderIds } = await post(`/V1/order/${token}/invoice`, {})
    const { jobIds } = await recordOf({ path: `/rest/V1/bulk/${token}/status` })
    assert.deepEqual([skus, orderIds, jobIds], Array(3).fill(['[redacted]']))
  })
  test('nothing that is no text and no number, and nothing that is too long for an SKU', async () => {
    const { skus } = await post('/V1/products', { product: { sku: { sku: 'A' } } })
    assert.equal(skus, undefined)
    assert.equal((await post('/V1/products', { product: { sku: 'x'.repeat(65) } })).skus, undefined)
  })
  test('what stands beside null', async () => {
    for (const product of [null, { sku: null }]) {
      const { skus, bodySha256 } = await post('/V1/products', { product })
      assert.deepEqual([skus, bodySha256?.length], [undefined, 64])
    }
    const items = { sourceItems: [null, { sku: 'A' }] }
    assert.deepEqual((await post('/V1/inventory/source-items', items)).skus, ['A'])
  })
})

describe('as a route is configured', () => {
  test('by JSON Pointers', async () => {
    const lines = [
      { 'article/number': 'A', job: 'J1' },
      { 'article/number': 'B', job: 'J2' },
    ]
    const { skus, orderIds, jobIds } = await post('/V1/erp/lines', { lines, order: 1004 })
    assert.deepEqual(
      { skus, orderIds, jobIds },
      { skus: ['A', 'B'], orderIds: ['1004'], jobIds: ['J1'] },
    )
  })
  test('by JSON Pointers into a bulk, which begin at the body or within its elements', async () => {
    const body = [
      { article: { sku: 'A' }, order: 1, job: 'J1' },
      { article: { sku: 'B' }, order: 2, job: 'J2' },
    ]
    const { skus, orderIds, jobIds } = await post('/async/bulk/V1/erp/articles', body)
    assert.deepEqual(
      { skus, orderIds, jobIds },
      { skus: ['A', 'B'], orderIds: ['1', '2'], jobIds: ['J2'] },
    )
  })
  test('by variables, instead of what is known of Magento', async () => {
    const { skus, orderIds } = await post('/V1/erp/plain/1004', {})
    assert.deepEqual({ skus, orderIds }, { skus: undefined, orderIds: ['1004'] })
  })
  test('with the bodies, redacted and cut', async () => {
    const { requestBody, answerBody: shown } = await post(
      '/V1/customers/7',
      {
        customer: {
          firstname: 'Ann',
          taxvat: 'zero',
          rpToken: 'one',
          custom_attributes: [
            { attribute_code: 'api_key', value: 'two' },
            { attribute_code: 'color', value: 'red' },
          ],
          note: JSON.stringify({ deep: [{ 'Pass-Word': 'three' }] }),
          card: '4111 1111 1111 1111',
          article: '4006381333931',
        },
        password: { old: 'four', new: 'five' },
      },
      'PUT',
    )
    assert.deepEqual(JSON.parse(requestBody ?? ''), {
      customer: {
        firstname: 'Ann',
        taxvat: '[redacted]',
        rpToken: '[redacted]',
        custom_attributes: [
          { attribute_code: 'api_key', value: '[redacted]' },
          { attribute_code: 'color', value: 'red' },
        ],
        note: '{"deep":[{"Pass-Word":"[redacted]"}]}',
        card: '[redacted]',
        article: '4006381333931',
      },
      password: '[redacted]',
    })
    assert.equal(shown, `{"id":7,"password_hash":"[redacted]","name":"${'x'.repeat(15)}…`)
  })
  test('without bodies where none are asked for', async () => {
    const { requestBody, answerBody: shown } = await post('/V1/products', { product: {} })
    assert.deepEqual([requestBody, shown], [undefined, undefined])
  })
})

test('a token is shown by a keyed hash, the same for each request with it', async () => {
  const one = await recordOf({ path: '/rest/V1/products/A' })
  const two = await recordOf({ path: '/rest/V1/products/B' })
  assert.match(one.tokenHash ?? '', /^[0-9a-f]{16}$/)
  assert.equal(one.tokenHash, two.tokenHash)
})
