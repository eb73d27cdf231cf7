import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { deferredWrite } from '../../src/authorize/deferred-write.ts'
import { setStocks } from '../../src/endpoints/set-stocks.ts'
import { allow } from '../../src/policy.ts'
import { requestContext } from '../support/request.ts'
import { services } from '../support/services.ts'

type Rules = Parameters<typeof deferredWrite.prepare>[0]

interface Asked {
  readonly method?: string
  readonly route?: string
  readonly prefer?: readonly string[]
  readonly variables?: Readonly<Record<string, string>>
  readonly body?: object
}

/** What the policy makes of a request; undefined where it is carried out at once. */
function deferralOf(asked: Asked, rules: Rules = {}, keepsJobs = true) {
  const { method = 'POST', route = `${method} /V1/products`, prefer = ['respond-async'] } = asked
  const target = `/rest${route.split(' ')[1]?.replace(/:\w+/g, '1')}`
  const request = requestContext({ method, target, headers: { Prefer: prefer } })
  request.route = route
  request.routeVariables = new Map(Object.entries(asked.variables ?? {}))
  if (asked.body) request.json = { value: asked.body, text: '', names: new Set() }
  const check = deferredWrite.prepare(rules, { ...services(), keepsJobs, jobLifeMs: 1_000 })
  assert.equal(check(request), allow)
  return request.deferral
}

describe('a write becomes a job', () => {
  for (const prefer of [
    ['respond-async'],
    ['Respond-Async, wait=10'],
    ['wait=10 , respond-async; foo=bar'],
    ['return=minimal', 'respond-async'],
    ['respond-async="", wait="10"'],
    ['note="a, \\"b", respond-async; note="c, d"'],
  ]) {
    test(`that says Prefer: ${prefer.join(' and ')}`, () => {
      assert.equal(deferralOf({ prefer })?.isAsked, true)
    })
  }

  for (const prefer of [
    [],
    ['respond-asynchronously'],
    ['respond-async=1'],
    ['wait=10'],
    ['note="later, respond-async, or now"'],
    ['note="a \\", respond-async, \\""'],
    ['note="never closed, respond-async'],
  ]) {
    test(`but not one that says Prefer: ${prefer.join() || 'nothing'}`, () => {
      assert.equal(deferralOf({ prefer }), undefined)
    })
  }

  test('whose route says always, and is not told that it asked for it', () => {
    const rules: Rules = { 'POST /V1/products': { mode: 'always', engine: 'magento' } }
    const deferral = deferralOf({ prefer: [] }, rules)
    assert.equal(deferral?.isAsked, false)
    assert.equal(deferral.engine, 'magento')
  })

  test('that has more items than its endpoint answers at once, and not as many as that', () => {
    const { name, mostAtOnce } = setStocks.longList ?? { name: '', mostAtOnce: 0 }
    const isDeferred = (count: number) => {
      const request = requestContext({ method: 'POST' })
      request.endpoint = { endpoint: setStocks, variables: new Map() }
      request.json = { value: { [name]: Array(count).fill({}) }, text: '', names: new Set() }
      const check = deferredWrite.prepare({}, { ...services(), keepsJobs: true })
      assert.equal(check(request), allow)
      return request.deferral !== undefined
    }
    assert.equal(isDeferred(mostAtOnce), false)
    assert.equal(isDeferred(mostAtOnce + 1), true)
  })

  test('but not where its route says never, or nothing keeps jobs, or it is a read', () => {
    assert.equal(
      deferralOf({}, { 'POST /V1/products': { mode: 'never', engine: 'gateway' } }),
      undefined,
    )
    assert.equal(deferralOf({}, {}, false), undefined)
    assert.equal(deferralOf({ method: 'GET' }), undefined)
  })

  test('but not one about a job, such as one that cancels it', () => {
    const headers = { Prefer: 'respond-async' }
    const request = requestContext({ method: 'DELETE', target: '/rest/V1/jobs/a', headers })
    request.ownRoute = { kind: 'cancel', id: 'a' }
    const check = deferredWrite.prepare({}, { ...services(), keepsJobs: true })
    assert.equal(check(request), allow)
    assert.equal(request.deferral, undefined)
  })

  for (const route of [
    'POST /V1/integration/customer/token',
    'POST /async/V1/tfa/provider/google/authenticate',
    'POST /V1/customers',
    'PUT /V1/customers/me/password',
    'PUT /V1/guest-carts/:cartId/order',
  ]) {
    test(`with secrets in it only where its route says so: ${route}`, () => {
      const [method = ''] = route.split(' ')
      assert.equal(deferralOf({ method, route }), undefined)
      assert.ok(deferralOf({ method, route }, { [route]: { mode: 'asked', engine: 'gateway' } }))
    })
  }

  test('that expires when its route says, or the gateway', () => {
    const rules: Rules = {
      'POST /V1/products': { mode: 'asked', engine: 'gateway', expiryMinutes: 2 },
    }
    assert.equal(deferralOf({}, rules)?.lifeMs, 120_000)
    assert.equal(deferralOf({})?.lifeMs, 1_000)
  })
})

describe('a job may be sent again when nobody knows what became of it', () => {
  for (const [route, isRepeatable] of [
    ['POST /V1/products', false],
    ['POST /V1/orders', false],
    ['PUT /V1/products/:sku', true],
    ['PUT /V1/orders/create', false],
    ['DELETE /V1/products/:sku', true],
    ['POST /V1/inventory/source-items', true],
    ['POST /V1/inventory/source-items-delete', true],
    ['POST /async/bulk/V1/inventory/source-items', true],
    ['POST /async/V1/products', false],
  ] as const) {
    test(`${isRepeatable ? 'of' : 'but not of'} ${route}`, () => {
      const [method = ''] = route.split(' ')
      assert.equal(deferralOf({ method, route })?.isRepeatable, isRepeatable)
    })
  }

  test('where its route says so, and not where it says not', () => {
    const standing = { mode: 'asked', engine: 'gateway' } as const
    const rules: Rules = {
      'POST /V1/products': { ...standing, repeatable: true },
      'PUT /V1/products/:sku': { ...standing, repeatable: false },
    }
    assert.equal(deferralOf({}, rules)?.isRepeatable, true)
    const route = 'PUT /V1/products/:sku'
    assert.equal(deferralOf({ method: 'PUT', route }, rules)?.isRepeatable, false)
  })
})

describe('jobs have an order', () => {
  const rule = (inOrderOf: string[]): Rules => ({
    'PUT /V1/products/:sku': { mode: 'asked', engine: 'gateway', inOrderOf },
  })
  const put = (sku: string, body: object, inOrderOf: string[]) =>
    deferralOf(
      { method: 'PUT', route: 'PUT /V1/products/:sku', variables: { sku }, body },
      rule(inOrderOf),
    )?.orderKey

  test('by a variable of the path, decoded, and by values of the body in any spelling', () => {
    assert.equal(put('a%2Fb', {}, [':sku']), '["acme-erp","a/b"]')
    assert.equal(put('x', { product: { sku: 'a/b' } }, ['/product/sku']), '["acme-erp","a/b"]')
    const folded = put('x', { product: { storeId: 3 } }, [':sku', '/product/store_id'])
    assert.equal(folded, '["acme-erp","x","3"]')
  })

  test('by one SKU in whatever way it is written', () => {
    for (const sku of ['T%C3%A9', 'te%20', 'TE'])
      assert.equal(put(sku, {}, [':sku']), '["acme-erp","te"]')
    assert.equal(put('x', { product: { sku: 'Te ' } }, ['/product/sku']), '["acme-erp","te"]')
  })

  test('by a value of any length, which takes no more room than others', () => {
    const keyOf = (sku: string) => put('x', { product: { sku } }, ['/product/sku']) ?? ''
    const long = 'a'.repeat(70_000)
    assert.equal(keyOf(`${long}b`), keyOf(`${long}B`))
    assert.notEqual(keyOf(`${long}b`), keyOf(`${long}c`))
    assert.ok(keyOf(long).length <= 1_000)
  })

  test('all of an integration where it names no place, and none where it says nothing', () => {
    assert.equal(put('x', {}, []), '["acme-erp"]')
    assert.equal(deferralOf({})?.orderKey, undefined)
  })

  test('among those without a value at the place', () => {
    assert.equal(put('x', { product: {} }, ['/product/sku']), '["acme-erp",null]')
  })
})
