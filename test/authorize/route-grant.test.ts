import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { routeGrant } from '../../src/authorize/route-grant.ts'
import { collectGarbage } from '../../src/cli/collect-garbage.ts'
import { allow } from '../../src/policy.ts'
import { requestContext } from '../support/request.ts'
import { services } from '../support/services.ts'
import { rejectionOf } from '../support/verdicts.ts'

const check = routeGrant.prepare(
  [
    'GET /V1/products/:sku',
    'GET /V1/products/attributes',
    'GET /V1/products/:sku/media/:entryId',
    'PUT /V1/products/:sku',
    'GET /V1/products/:sku/:kind',
  ],
  services(),
)

function routeOf(method: string, target: string) {
  const request = requestContext({ method, target })
  const verdict = check(request)
  assert.ok(!(verdict instanceof Promise))
  if (verdict === allow)
    return { route: request.route, ...Object.fromEntries(request.routeVariables ?? []) }
  return verdict.code
}

describe('grants what is listed', () => {
  test('with the raw values of variables', () => {
    assert.deepEqual(routeOf('GET', '/rest/V1/products/A%2FB'), {
      route: 'GET /V1/products/:sku',
      sku: 'A%2FB',
    })
  })
  test('for every store', () => {
    assert.deepEqual(routeOf('PUT', '/rest/all/V1/products/x'), {
      route: 'PUT /V1/products/:sku',
      sku: 'x',
    })
  })
  test('by the pattern with the earliest literal', () => {
    assert.deepEqual(routeOf('GET', '/rest/V1/products/attributes'), {
      route: 'GET /V1/products/attributes',
    })
    assert.deepEqual(routeOf('GET', '/rest/V1/products/x/y'), {
      route: 'GET /V1/products/:sku/:kind',
      sku: 'x',
      kind: 'y',
    })
  })
})

describe('refuses what is not', async () => {
  const refused: [string, string][] = [
    ['POST', '/rest/V1/products/x'],
    ['DELETE', '/rest/V1/products/x'],
    ['GET', '/rest/V1/products'],
    ['GET', '/rest/V1/products/x/media/1/2'],
    ['GET', '/rest/V1/Products/x'],
    ['GET', '/rest/V1/%70roducts/x'],
  ]
  for (const [method, target] of refused) {
    test(`${method} ${target}`, () => assert.equal(routeOf(method, target), 'route-not-granted'))
  }
  test('everything, for an integration without grants', async () => {
    const request = requestContext()
    const verdict = await rejectionOf(routeGrant.prepare([], services())(request))
    assert.equal(verdict.code, 'route-not-granted')
  })
})

test('grants the jobs of the integration where jobs are kept: to show or cancel one by its id', async () => {
  const codeFor = async (method: string, path: string, keepsJobs = true) => {
    const target = `/rest/V1/jobs${path}`
    const grant = routeGrant.prepare([], { ...services(), keepsJobs })
    const verdict = await grant(requestContext({ method, target }))
    return verdict === allow ? 'granted' : verdict.code
  }
  assert.equal(await codeFor('GET', '/a'), 'granted')
  assert.equal(await codeFor('DELETE', '/a'), 'granted')
  for (const [method, path] of [
    ['GET', '/a/b'],
    ['DELETE', '/a/b'],
    ['GET', ''],
    ['POST', '/a'],
    ['PUT', '/a'],
  ] as const) {
    assert.equal(await codeFor(method, path), 'route-not-granted', `${method} ${path}`)
  }
  assert.equal(await codeFor('GET', '/a', false), 'route-not-granted')
})

describe('a variable does not stand for the name of another route of Magento', () => {
  const grants = [
    'GET /V1/customers/:customerId',
    'GET /V1/orders/:id',
    'PUT /V1/orders/:parent_id',
    'PUT /async/V1/customers/:id',
    'PUT /V1/carts/:cartId/items/:itemId',
    'GET /V1/configurable-products/:sku/options/:optionId',
    'GET /V1/categories/:categoryId',
    'GET /V1/categories/list',
    'GET /V1/module/:name',
    'GET /V1/products/:sku/media',
    'PUT /V1/products/:sku/links',
    'PUT /V1/products/:sku/media/:entryId',
    'GET /V1/orders/:id/comments',
    'GET /V1/customers/:customerId/billingAddress',
    'GET /V1/customers/:customerId/companies',
    'POST /V1/carts/:cartId/gift-message/:itemId',
  ]
  const checkGrants = routeGrant.prepare(grants, services())
  const cases: [method: string, target: string, granted: boolean][] = [
    ['GET', '/rest/V1/customers/search?searchCriteria=', false],
    ['GET', '/rest/V1/orders/items', false],
    ['PUT', '/rest/all/V1/orders/create', false],
    ['PUT', '/rest/async/V1/customers/password', false],
    ['PUT', '/rest/V1/carts/mine/items/5', false],
    ['GET', '/rest/V1/configurable-products/x/options/all', false],
    ['GET', '/rest/V1/categories/attributes', false],
    // Of which a variable stands for what is a literal in the grant: that of an attribute with the code `media`.
    ['GET', '/rest/V1/products/attributes/media', false],
    ['PUT', '/rest/V1/products/attributes/links', false],
    ['PUT', '/rest/V1/products/options/links', false],
    ['PUT', '/rest/V1/products/attribute-sets/media/groups', false],
    ['GET', '/rest/V1/orders/items/comments', false],
    ['GET', '/rest/V1/customers/addresses/billingAddress', false],
    ['GET', '/rest/V1/customers/addresses/companies', false],
    ['POST', '/rest/V1/carts/guest-carts/gift-message/giftCards', false],
    ['POST', '/rest/V1/carts/mine/gift-message/5', false],
    // What Magento takes for the value of the variable, since it compares names without decoding them.
    ['GET', '/rest/V1/customers/%73earch', true],
    ['GET', '/rest/V1/customers/Search', true],
    ['GET', '/rest/V1/configurable-products/all/options/7', true],
    ['PUT', '/rest/V1/carts/7/items/mine', true],
    ['GET', '/rest/V1/categories/list', true],
    ['GET', '/rest/V1/module/search', true],
    ['GET', '/rest/V1/products/options/media', true],
    ['PUT', '/rest/V1/products/x/media/groups', true],
  ]
  for (const [method, target, isGranted] of cases) {
    test(`${isGranted ? 'grants' : 'refuses'} ${method} ${target}`, async () => {
      const verdict = checkGrants(requestContext({ method, target }))
      if (isGranted) assert.equal(verdict, allow)
      else assert.equal((await rejectionOf(verdict)).code, 'route-not-granted')
    })
  }
})

test('integrations with the same grants take little memory', async () => {
  const grants = Array.from({ length: 30 }, (_, index) => `GET /V1/products/:sku/links/${index}`)
  const count = 1_000
  await collectGarbage()
  const before = process.memoryUsage().heapUsed
  const checks = Array.from({ length: count }, () => routeGrant.prepare(grants, services()))
  await collectGarbage()
  assert.ok((process.memoryUsage().heapUsed - before) / count < 5_000)
  assert.equal(checks.length, count)
})
