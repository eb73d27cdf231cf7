import assert from 'node:assert/strict'
import { test } from 'node:test'
import { findProducts } from '../../src/endpoints/find-products.ts'
import { setStocks } from '../../src/endpoints/set-stocks.ts'

test('a product is found under every spelling that is its SKU to Magento', async () => {
  const found = await findProducts(['skü-1', 'SKU-2', 'sku-3'], async ({ query = '' }) => {
    // Those that are on no page would not be found.
    assert.match(query, /%5BpageSize%5D=3&/)
    return { status: 200, body: { items: [{ sku: 'Sku-1' }, { sku: 'sku-2' }] } }
  })
  assert.ok('missing' in found)
  assert.deepEqual([...found.missing.keys()], ['sku-3'])
})

test('a product with a comma in its SKU is asked for alone, since Magento splits lists at commas', async () => {
  const found = await findProducts(['a,b', 'c'], async ({ path, query = '' }) => {
    if (path === '/V1/products/a%2Cb') return { status: 200, body: { sku: 'a,b' } }
    assert.match(query, /%5Bvalue%5D=c&/)
    return { status: 200, body: { items: [{ sku: 'c' }] } }
  })
  assert.deepEqual(found, { missing: new Map() })
})

test('where Magento refuses to show such a product, that is the answer to the whole request', async () => {
  const refusal = { status: 401, body: { message: 'no' } }
  assert.deepEqual(await findProducts(['a,b'], async () => refusal), refusal)
})

test('an answer without a list of products does not mean that all are there', async () => {
  const found = await findProducts(['a'], async () => ({ status: 200, body: {} }))
  assert.ok('code' in found)
  assert.equal(found.code, 'upstream-error')
})

test('two spellings of one SKU stand twice', () => {
  const items = [
    { sku: 'skü', qty: 1 },
    { sku: 'SKU', qty: 2 },
  ]
  assert.equal(setStocks.objection?.({ items })?.code, 'invalid-body')
  assert.equal(setStocks.objection?.({ items: items.slice(1) }), undefined)
})
