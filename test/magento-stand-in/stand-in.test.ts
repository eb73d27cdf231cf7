import assert from 'node:assert/strict'
import { afterEach, describe, test } from 'node:test'
import { type ClientRequest, send } from '../support/http-client.ts'
import { oneTimePassword } from '../support/magento/sign-in/one-time-password.ts'
import { startMagentoStandIn } from '../support/magento/stand-in.ts'
import { shared } from '../support/shared.ts'

const totpSecret = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ'
const integration = {
  name: 'gateway',
  consumerKey: 'ck'.padEnd(32, '0'),
  consumerSecret: 'cs'.padEnd(32, '0'),
  accessToken: 'at'.padEnd(32, '0'),
  accessTokenSecret: 'as'.padEnd(32, '0'),
}
const bearer = { Authorization: `Bearer ${integration.accessToken}` }
const json = { ...bearer, 'Content-Type': 'application/json' }

const magento = await shared(
  startMagentoStandIn({
    integrations: [integration],
    admins: [{ username: 'erp', password: 'p4ssword', totpSecret }],
    enableIntegrationAsBearer: true,
    queue: 'manual',
  }),
)
afterEach(() => magento.reset())

async function call(request: ClientRequest) {
  const answer = await send(magento.url, { headers: bearer, ...request })
  const isJson = answer.headers['content-type']?.startsWith('application/json')
  return { status: answer.status, body: isJson ? JSON.parse(answer.body) : answer.body }
}

function post(path: string, body: unknown, method = 'POST') {
  return call({ method, path, headers: json, body: JSON.stringify(body) })
}

describe('reads request targets as Magento does', () => {
  const cases: [string, number][] = [
    ['/rest/V1/products/24-MB01', 200],
    ['//rest/V1/products/24-MB01', 200],
    ['/rest//V1/products/24-MB01', 200],
    ['/rest/V1/products/24-MB01/', 200],
    ['/rest/default/V1/products/24-MB01', 200],
    ['/rest/all/V1/products/24-MB01', 200],
    ['/rest/V1/products/A%2FB', 200],
    ['/rest/V1/products/A%252FB', 404],
    ['/rest/V1//products', 404],
    ['/rest/V1/%70roducts', 404],
    ['/rest/V1/Products', 404],
    ['/rest/v1/products', 400],
    ['/rest/fr/V1/products', 400],
    ['/REST/V1/products', 404],
    ['/checkout', 404],
  ]
  for (const [path, status] of cases) {
    test(`${path} gives ${status}`, async () => assert.equal((await call({ path })).status, status))
  }
  test('another method gives 405', async () => {
    const { status, body } = await call({ method: 'PATCH' })
    assert.equal(status, 405)
    assert.deepEqual(body, {
      message: 'The %1 HTTP method is not supported.',
      parameters: ['PATCH'],
    })
  })
})

describe('takes callers for what their credentials say', () => {
  test('an unknown bearer token is a guest, who is told what it would need', async () => {
    const { status, body } = await call({ headers: { Authorization: 'Bearer nobody' } })
    assert.equal(status, 401)
    assert.deepEqual(body, {
      message: "The consumer isn't authorized to access %resources.",
      parameters: { resources: 'Magento_Catalog::products' },
    })
  })

  test('an integration token alone counts only where the shop allows it', async () => {
    await using strict = await startMagentoStandIn({ integrations: [integration] })
    assert.equal((await send(strict.url, { headers: bearer })).status, 401)
    assert.equal((await call({})).status, 200)
  })

  test('an administrator signs in for a token that counts', async () => {
    const { body: token } = await post('/rest/V1/integration/admin/token', {
      username: 'erp',
      password: 'p4ssword',
    })
    assert.equal((await call({ headers: { Authorization: `Bearer ${token}` } })).status, 200)
    assert.equal((await call({ headers: { Authorization: `Bearer ${token}x` } })).status, 401)
  })

  test('six failures lock the account, also for the right password', async () => {
    const signIn = (password: string) =>
      post('/rest/V1/integration/admin/token', { username: 'erp', password })
    for (let failure = 0; failure < 6; failure += 1) assert.equal((await signIn('no')).status, 401)
    assert.equal((await signIn('p4ssword')).status, 401)
  })

  test('with a second factor only a one-time password gives a token', async () => {
    await using strict = await startMagentoStandIn({
      admins: [{ username: 'erp', password: 'p4ssword', totpSecret }],
      twoFactor: true,
    })
    const signIn = (path: string, otp?: string) =>
      send(strict.url, {
        method: 'POST',
        path,
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ username: 'erp', password: 'p4ssword', otp }),
      })
    assert.equal((await signIn('/rest/V1/integration/admin/token')).status, 400)
    const route = '/rest/V1/tfa/provider/google/authenticate'
    assert.equal((await signIn(route, '000000')).status, 400)
    assert.equal((await signIn(route, oneTimePassword(totpSecret, Date.now()))).status, 200)
  })

  // RFC 6238, appendix B, the last six digits of the SHA-1 column.
  test('one-time passwords are those of RFC 6238', () => {
    assert.equal(oneTimePassword(totpSecret, 59_000), '287082')
    assert.equal(oneTimePassword(totpSecret, 1_111_111_109_000), '081804')
    assert.equal(oneTimePassword(totpSecret, 20_000_000_000_000), '353130')
  })
})

describe('reads bodies as Magento does', () => {
  const path = '/rest/V1/magefine/inventaire'
  test('a query overrides the body', async () => {
    assert.equal((await post(`${path}?qty=7`, { sku: 'my-sku-123', qty: 1 })).body.qty, 7)
    assert.equal(magento.stock('my-sku-123'), 7)
  })
  test('other types are refused with its words', async () => {
    const typed = (type: string) =>
      call({ method: 'POST', path, headers: { ...bearer, 'Content-Type': type }, body: '{}' })
    assert.equal((await typed('')).body.message, 'Content-Type header is empty.')
    assert.deepEqual((await typed('text/plain')).body.parameters, ['text/plain'])
  })
  test('missing fields are listed', async () => {
    const { status, body } = await post(path, {})
    assert.equal(status, 400)
    assert.equal(body.errors.length, 2)
  })
})

describe('keeps products, stock and orders', () => {
  test('products are made, changed, found, cut to fields and deleted', async () => {
    assert.equal(
      (await post('/rest/V1/products', { product: { sku: 'new', price: 2 } })).body.price,
      2,
    )
    assert.equal(
      (await post('/rest/V1/products/new', { product: { price: 3 } }, 'PUT')).body.price,
      3,
    )
    const filter = 'searchCriteria[filterGroups][0][filters][0]'
    const found = await call({
      path: `/rest/V1/products?${filter}[field]=sku&${filter}[value]=%25-MB%25&${filter}[condition_type]=like&fields=items[sku],total_count`,
    })
    assert.deepEqual(found.body, { items: [{ sku: '24-MB01' }], total_count: 1 })
    assert.equal((await call({ method: 'DELETE', path: '/rest/V1/products/new' })).body, true)
    assert.equal((await call({ path: '/rest/V1/products/new' })).status, 404)
  })

  test('pages end with the last one again', async () => {
    const page = async (current: number) =>
      (
        await call({
          path: `/rest/V1/products?searchCriteria[page_size]=2&searchCriteria[currentPage]=${current}`,
        })
      ).body
    assert.equal((await page(1)).items.length, 2)
    assert.deepEqual((await page(9)).items, (await page(2)).items)
  })

  test('stock goes through source items and stock items alike', async () => {
    const items = [{ sku: '24-MB01', source_code: 'default', quantity: 5, status: 1 }]
    assert.deepEqual(
      (await post('/rest/V1/inventory/source-items', { sourceItems: items })).body,
      [],
    )
    assert.equal((await call({ path: '/rest/V1/stockItems/24-MB01' })).body.qty, 5)
    await post('/rest/V1/products/24-MB01/stockItems/2', { stockItem: { qty: 8 } }, 'PUT')
    const filter = 'searchCriteria[filterGroups][0][filters][0]'
    const found = await call({
      path: `/rest/V1/inventory/source-items?${filter}[field]=sku&${filter}[value]=24-MB01`,
    })
    assert.equal(found.body.items[0].quantity, 8)
    await post('/rest/V1/inventory/source-items-delete', { sourceItems: items })
    assert.equal(magento.stock('24-MB01'), 0)
  })

  test('orders are read and commented on', async () => {
    assert.equal(
      (await post('/rest/V1/orders/1/comments', { statusHistory: { comment: 'sent' } })).body,
      true,
    )
    assert.deepEqual((await call({ path: '/rest/V1/orders/1' })).body.status_histories, [
      { comment: 'sent' },
    ])
    assert.equal((await call({ path: '/rest/V1/orders' })).body.total_count, 2)
    assert.equal((await call({ path: '/rest/V1/orders/99' })).status, 404)
  })
})

describe('does asynchronous work later', () => {
  const item = (sku: string) => ({ sku, qty: 1 })
  test('a bulk call is accepted at once, and its operations tell what became of them', async () => {
    const { status, body } = await post('/rest/async/bulk/V1/magefine/inventaire', [
      item('my-sku-123'),
      item('nope'),
    ])
    assert.equal(status, 202)
    assert.equal(body.request_items.length, 2)
    assert.equal(magento.stock('my-sku-123'), 10)
    const statuses = async () =>
      (
        await call({ path: `/rest/V1/bulk/${body.bulk_uuid}/detailed-status` })
      ).body.operations_list.map(({ status: each }: { status: number }) => each)
    assert.deepEqual(await statuses(), [4, 4])
    assert.equal(await magento.runQueue(), 2)
    assert.deepEqual(await statuses(), [1, 3])
    assert.equal(magento.stock('my-sku-123'), 1)
    assert.equal((await call({ path: '/rest/V1/bulk/none/detailed-status' })).status, 404)
  })
  test('a single call keeps its path, a bulk call has its variables in each item', async () => {
    await post('/rest/async/V1/products/24-MB01', { product: { price: 1 } }, 'PUT')
    await post('/rest/async/bulk/V1/products/bySku', [{ sku: 'A/B', product: { price: 9 } }], 'PUT')
    await magento.runQueue()
    assert.equal((await call({})).body.price, 1)
    assert.equal((await call({ path: '/rest/V1/products/A%2FB' })).body.price, 9)
  })
  test('a read cannot be asynchronous', async () => {
    assert.equal((await call({ path: '/rest/async/V1/products' })).status, 400)
  })
})

test('its schema has the form of Magento, and tells guests of what is anonymous only', async () => {
  const { body } = await call({ path: '/rest/all/schema?services=all' })
  assert.equal(body.basePath, '/rest/all')
  const { put } = body.paths['/V1/products/{sku}']
  assert.equal(put.operationId, 'PutV1ProductsSku')
  assert.equal(put.parameters[1].name, 'PutV1ProductsSkuBody')
  const named = [...JSON.stringify(body).matchAll(/#\/definitions\/([a-z-]+)/g)]
  assert.ok(named.length > 0)
  for (const [, name = ''] of named) assert.ok(name in body.definitions, name)
  const guest = await call({ path: '/rest/all/schema', headers: {} })
  assert.deepEqual(Object.keys(guest.body.paths).sort(), [
    '/V1/integration/admin/token',
    '/V1/integration/customer/token',
    '/V1/tfa/provider/google/authenticate',
  ])
})

test('it refuses while it is told to, and takes its port again', async () => {
  await magento.setFault({ kind: 'refuse' })
  await assert.rejects(call({}), { code: 'ECONNREFUSED' })
  await magento.clearFault()
  assert.equal((await call({})).status, 200)
})
