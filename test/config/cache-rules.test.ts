import assert from 'node:assert/strict'
import { test } from 'node:test'
import { globex } from '../support/gateway.ts'
import { type ConfigChanges, configFaults } from './config-faults.ts'

const faultsOf = (
  integration: NonNullable<ConfigChanges['integration']>,
  gateway: NonNullable<ConfigChanges['gateway']> = {},
  endpoints: NonNullable<ConfigChanges['endpoints']> = {},
) => configFaults({ integration, gateway, endpoints })

const ttl = { ttlSeconds: 10 }

function policies(...routes: readonly string[]) {
  return { policies: { routes, cache: Object.fromEntries(routes.map((each) => [each, ttl])) } }
}

test('takes granted GETs, with the fewest settings', async () => {
  assert.deepEqual(
    [...(await faultsOf(policies('GET /V1/products/:sku', 'GET /V1/erp/:tokenKind')))],
    [],
  )
})

test('names a route that is no GET', async () => {
  const faults = await faultsOf(policies('POST /V1/products'))
  assert.match([...faults.values()].join(), /GET/)
  assert.equal(faults.size, 1)
})

test('names a route that is not granted', async () => {
  const cache = { 'GET /V1/modules': ttl }
  const faults = await faultsOf({ policies: { ...globex.policies, cache } })
  assert.deepEqual(
    [...faults],
    [['/policies/cache/GET ~1V1~1modules', 'a route that is granted in /policies/routes']],
  )
})

for (const route of [
  'GET /V1/carts/:cartId',
  'GET /V1/guest-carts/:cartId/items',
  'GET /V1/negotiableQuotes/mine/totals',
  'GET /V1/customers/me',
  'GET /V1/jobs/:id',
  'GET /V1/bulk/:bulkUuid/status',
  'GET /V1/tfa/forced-providers',
  'GET /V1/erp/payment-methods',
  'GET /V1/integration/customers',
  'GET /V1/erp/passwords',
  'GET /V1/erp/apiTokens/:id',
  'GET /V1/customers/:customerId/password/resetLinkToken/:resetPasswordLinkToken',
]) {
  test(`names ${route}, whose answers are never kept`, async () => {
    const faults = await faultsOf(policies(route))
    assert.match([...faults.values()].join(), /neither jobs, tokens nor carts/)
  })
}

for (const [called, expected] of [
  ['GET /V1/carts/:id', /neither jobs, tokens nor carts/],
  ['GET /V1/customers/me', /neither jobs, tokens nor carts/],
  ['GET /V1/:id', /a literal after V1/],
] as const) {
  for (const granted of ['GET /V1/erp/basket/:number', 'GET /V1/erp/:kind/:number']) {
    test(`names ${granted}, behind which a file has ${called} called`, async () => {
      const { routes } = policies(granted).policies
      const cache = { [granted]: { ...ttl, shared: true } }
      const endpoints = { basket: { route: 'GET /V1/erp/basket/:id', call: { route: called } } }
      const faults = await faultsOf({ policies: { routes, cache } }, {}, endpoints)
      assert.deepEqual([...faults.keys()], [`/policies/cache/${granted.replaceAll('/', '~1')}`])
      const [said = ''] = faults.values()
      assert.match(said, expected)
      assert.ok(said.endsWith(`basket.yaml has it call ${called}`), said)
    })
  }
}

test('takes an endpoint whose call may be kept, and one that is handed to Magento', async () => {
  const route = 'GET /V1/erp/articles/:number'
  const products = { articles: { route, call: { route: 'GET /V1/products/:number' } } }
  assert.deepEqual([...(await faultsOf(policies(route), {}, products))], [])
  const carts = { articles: { route, call: { route: 'GET /V1/carts/:number' } } }
  const forwarding = { policies: { ...policies(route).policies, endpoints: 'forward' } }
  assert.deepEqual([...(await faultsOf(forwarding, {}, carts))], [])
  const another = { policies: { ...policies('GET /V1/erp/articles').policies } }
  assert.deepEqual([...(await faultsOf(another, {}, carts))], [])
})

test('refuses a route whose first segment is a variable', async () => {
  assert.match([...(await faultsOf(policies('GET /V1/:kind/:id'))).values()].join(), /a literal/)
})

test('names a cache of an integration whose callers have credentials of their own', async () => {
  const faults = await faultsOf({
    ...policies('GET /V1/products/:sku'),
    upstream: { passthrough: true },
  })
  assert.deepEqual([...faults.keys()], ['/policies/cache'])
})

test('names an answer that would be longer than all of the memory', async () => {
  const faults = await faultsOf({}, { cache: { memoryMiB: 1, answerKiB: 1_025 } })
  assert.deepEqual([...faults], [['/cache/answerKiB', 'no more than memoryMiB']])
  assert.equal((await faultsOf({}, { cache: { memoryMiB: 1, answerKiB: 1_024 } })).size, 0)
})

test('refuses a malformed time to live', async () => {
  const cache = { 'GET /V1/products': { ttlSeconds: 0 } }
  const faults = await faultsOf({ policies: { ...globex.policies, cache } })
  assert.deepEqual([...faults.keys()], ['/policies/cache/GET ~1V1~1products/ttlSeconds'])
})
