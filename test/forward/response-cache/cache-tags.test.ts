import assert from 'node:assert/strict'
import { test } from 'node:test'
import { tagsOfWrite } from '../../../src/forward/response-cache/cache-tags.ts'
import { requestContext } from '../../support/request.ts'

const sales = '["sales"]'

test('a call that turns a cart into an order changes the orders too, and no other call to a cart does', () => {
  const tagsOf = (method: string, path: string) =>
    tagsOfWrite(requestContext({ method, target: `/rest/V1/${path}` }))
  for (const cart of ['carts/5', 'carts/mine', 'guest-carts/x']) {
    assert.ok(tagsOf('PUT', `${cart}/order`).includes(sales), cart)
    assert.ok(tagsOf('POST', `${cart}/payment-information`).includes(sales), cart)
    assert.ok(!tagsOf('POST', `${cart}/items`).includes(sales), cart)
  }
})

test('a write of more products than can be told one by one changes all of them', () => {
  const tagsFor = (count: number) => {
    const request = requestContext({ method: 'POST', target: '/rest/V1/inventory/source-items' })
    request.subjects = { skus: Array.from({ length: count }, (_, index) => `sku-${index}`) }
    return tagsOfWrite(request)
  }
  assert.ok(tagsFor(100).includes('["catalog","sku-99"]'))
  assert.ok(!tagsFor(100).includes('["catalog"]'))
  assert.ok(tagsFor(101).includes('["catalog"]'))
})

test('a write that may name more than the gateway sees changes all of its kind, and of what it names', () => {
  const tagsFor = (query: string) => {
    const target = `/rest/V1/carts/5/items${query}`
    const request = requestContext({ method: 'POST', target })
    request.subjects = { skus: ['mug'] }
    return tagsOfWrite(request)
  }
  assert.deepEqual(tagsFor('').slice(1), ['["carts"]', '["catalog","*"]', '["catalog","mug"]'])
  assert.deepEqual(tagsFor('?cartItem%5Bsku%5D=cup').slice(1), ['["carts"]', '["catalog"]'])
})
