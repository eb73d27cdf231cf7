import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { compileContract } from '../../../src/authorize/magento-contract/contract.ts'
import { parseQuery } from '../../../src/authorize/query-parameters.ts'
import { shopDocument } from '../../support/shop-document.ts'

const bounds = { maxStringLength: 100, maxItems: 3 }
const contract = compileContract(shopDocument, bounds)

function operation(method: string, path: string, execution: 'sync' | 'async' | 'bulk' = 'sync') {
  const found = contract.find(method, { execution, segments: path.split('/') })
  assert.ok(found !== undefined, `${method} ${path}`)
  return found
}

const violationsOf = (product: unknown) =>
  operation('POST', 'V1/products').checkBody({ product }, 'sync')

describe('finds the operation that Magento would carry out', () => {
  test('a literal before a variable', () => {
    assert.equal(operation('GET', 'V1/products/attributes').route, 'GET /V1/products/attributes')
    assert.equal(operation('GET', 'V1/products/x').route, 'GET /V1/products/:sku')
  })
  test('a bulk route by the words for its variables', () => {
    assert.equal(operation('PUT', 'V1/products/bySku', 'bulk').route, 'PUT /V1/products/:sku')
    const value = { execution: 'bulk', segments: ['V1', 'products', '24-MB01'] } as const
    assert.equal(contract.find('PUT', value), undefined)
  })
  test('none for a read that is to be carried out later, which Magento does not have', () => {
    for (const execution of ['async', 'bulk'] as const) {
      assert.equal(contract.find('GET', { execution, segments: ['V1', 'products'] }), undefined)
    }
  })
  test('none for a path or method that the schema does not have', () => {
    for (const [method, path] of [
      ['GET', 'V1/nothing'],
      ['DELETE', 'V1/products'],
      ['GET', 'V1/products/x/y'],
    ] as const) {
      assert.equal(
        contract.find(method, { execution: 'sync', segments: path.split('/') }),
        undefined,
      )
    }
  })
})

describe('takes what Magento tolerates and clients send', () => {
  const tolerated: Record<string, unknown> = {
    'snake case': { sku: 'a', price_value: 1, extension_attributes: { note_text: 'x' } },
    'camel case': { sku: 'a', priceValue: 1, extensionAttributes: { stockItem: { qty: 1 } } },
    'numbers as strings': { id: '7', price_value: '12.50', tier_prices: [{ qty: '1e3' }] },
    'an integer with a fraction of zero': { id: '7.0', website_ids: ['1', 2] },
    'what PHP takes for a boolean': { is_active: '1' },
    'numbers for strings': { sku: 1234 },
    null: { sku: 'a', price_value: null, tier_prices: null, extension_attributes: null },
    'an object without members as PHP sends it': { sku: 'a', extension_attributes: [] },
    'an array with gaps as PHP sends it': { tier_prices: { 1: { qty: 1 }, 3: { qty: 2 } } },
    'custom attributes of any type': {
      custom_attributes: [
        { attribute_code: 'a', value: ['1', '2'] },
        { attributeCode: 'b', value: { c: true } },
      ],
    },
    'custom attributes as a map': { custom_attributes: { color: 49, material: ['1'] } },
    'anything where the schema is open': { tier_prices: [{ extra: { x: [1, { y: 2 }] } }] },
  }
  for (const [name, product] of Object.entries(tolerated)) {
    test(name, () => assert.deepEqual(violationsOf(product), []))
  }
  test('payment data as an object, where an array of strings is documented', () => {
    const paymentMethod = { method: 'card', additional_data: { nonce: 'x', saved: true } }
    assert.deepEqual(
      operation('POST', 'V1/carts/mine/payment-information').checkBody({ paymentMethod }, 'sync'),
      [],
    )
  })
  test('several values of a condition of a cart price rule, where a text is documented', () => {
    const condition = { conditions: [{ operator: '()', value: ['4', '5'] }], value: '1' }
    const { checkBody } = operation('POST', 'V1/salesRules')
    assert.deepEqual(checkBody({ condition }, 'sync'), [])
    assert.equal(checkBody({ condition: { operator: ['()'] } }, 'sync').length, 1)
    assert.equal(checkBody({ condition: { value: [1, 2, 3, 4] } }, 'sync').length, 1)
  })
  test('a file of any length', () => {
    const content = { base64_encoded_data: 'x'.repeat(1000) }
    assert.deepEqual(operation('POST', 'V1/products/a/media').checkBody({ content }, 'sync'), [])
  })
  // Magento's own checkout repeats the cart in the body.
  for (const [path, cartId] of [
    ['V1/guest-carts/m4sk/payment-information', 'm4sk'],
    ['V1/carts/mine/payment-information', '12'],
  ] as const) {
    test(`a cart beside the one that Magento puts in its place: ${path}`, () => {
      const body = { cartId, paymentMethod: { method: 'checkmo' } }
      for (const execution of ['sync', 'async'] as const) {
        assert.deepEqual(operation('POST', path).checkBody(body, execution), [])
      }
    })
  }
  test('the top level in snake case', () => {
    assert.deepEqual(
      operation('POST', 'V1/inventory/source-items').checkBody({ source_items: [] }, 'sync'),
      [],
    )
  })
})

describe('finds what Magento does not understand', () => {
  const found: Record<string, [product: unknown, pointer: string, expected: string]> = {
    'an unknown member': [{ skuu: 1 }, '/product', 'no members but those of the schema'],
    'an unknown member deep inside': [
      { tier_prices: [{}, { secret: 1 }] },
      '/product/tier_prices/1',
      'no members but those of the schema',
    ],
    'another case': [{ Sku: 1 }, '/product', 'no members but those of the schema'],
    'a text for a number': [{ price_value: 'cheap' }, '/product/price_value', 'a number'],
    'a fraction for an integer': [{ id: 1.9 }, '/product/id', 'an integer'],
    'an integer beyond 64 bits': [{ id: 1e20 }, '/product/id', 'an integer'],
    'an integer beyond 64 bits as a text': [
      { id: '18446744073709555712' },
      '/product/id',
      'an integer',
    ],
    'a number beyond a double as a text': [
      { price_value: '-1e999' },
      '/product/price_value',
      'a number',
    ],
    'a number as a text that is too long': [
      { price_value: `${'0'.repeat(100)}1` },
      '/product/price_value',
      'a number',
    ],
    'an integer as a text that is too long': [
      { id: `1.${'0'.repeat(100)}` },
      '/product/id',
      'an integer',
    ],
    'a boolean for a number': [{ id: true }, '/product/id', 'an integer'],
    'a text for a boolean': [{ is_active: 'maybe' }, '/product/is_active', 'a boolean'],
    'an object for a string': [{ sku: {} }, '/product/sku', 'a string'],
    'a scalar for an object': [1, '/product', 'an object'],
    'an array for an object': [[1], '/product', 'an object'],
    'a single object for an array': [
      { tier_prices: { qty: 1 } },
      '/product/tier_prices',
      'an array',
    ],
    'the item form of SOAP': [
      { tier_prices: { item: [{ qty: 1 }] } },
      '/product/tier_prices',
      'an array',
    ],
    'a string that is too long': [
      { sku: 'x'.repeat(101) },
      '/product/sku',
      'at most 100 characters',
    ],
    'an array that is too long': [
      { website_ids: [1, 2, 3, 4] },
      '/product/website_ids',
      'at most 3 elements',
    ],
    'an array with gaps that is too long': [
      { tier_prices: { 1: {}, 3: {}, 5: {}, 7: {} } },
      '/product/tier_prices',
      'at most 3 elements',
    ],
    'a custom attribute that is too large': [
      { custom_attributes: [{ attribute_code: 'a', value: [1, 2, 3, 4] }] },
      '/product/custom_attributes/0/value',
      'at most 3 members in one place',
    ],
    'a name that is too long in a custom attribute': [
      { custom_attributes: [{ attribute_code: 'a', value: [{ ['x'.repeat(101)]: 1 }] }] },
      '/product/custom_attributes/0/value',
      'no text of more than 100 characters',
    ],
    'a name that is too long in a map of custom attributes': [
      { custom_attributes: { ['x'.repeat(101)]: 1 } },
      '/product/custom_attributes',
      'no text of more than 100 characters',
    ],
    'a custom attribute that is too deep': [
      { custom_attributes: { a: [[[[[[[[[1]]]]]]]]] } },
      '/product/custom_attributes',
      'at most 8 levels',
    ],
  }
  for (const [name, [product, pointer, expected]] of Object.entries(found)) {
    test(name, () => assert.deepEqual(violationsOf(product), [{ pointer, expected }]))
  }
  test('every violation, up to twenty, and none with what was sent', () => {
    const tier = { qty: 'secret', value: 'secret' }
    const violations = violationsOf({ tier_prices: [tier, tier, tier], secret: 1 })
    assert.equal(violations.length, 7)
    assert.ok(!JSON.stringify(violations).includes('secret'))
  })
  test('a missing member of the top level, and null there', () => {
    const { checkBody } = operation('POST', 'V1/magefine/inventaire')
    const expected = 'a value, it is missing'
    assert.deepEqual(checkBody({ sku: null }, 'sync'), [
      { pointer: '/sku', expected },
      { pointer: '/qty', expected },
    ])
  })
  test('a variable of the path in another spelling than its own', () => {
    const { checkBody } = operation('POST', 'V1/guest-carts/x/payment-information')
    const unknown = [{ pointer: '', expected: 'no members but those of the schema' }]
    for (const name of ['cart_id', 'CartId']) {
      assert.deepEqual(checkBody({ [name]: 'y', paymentMethod: {} }, 'sync'), unknown)
    }
  })
  test('a variable of the path in the body of a PUT', () => {
    assert.deepEqual(
      operation('PUT', 'V1/products/x').checkBody({ sku: 'x', product: {} }, 'sync'),
      [{ pointer: '', expected: 'no members but those of the schema' }],
    )
  })
  test('a value out of bounds for a variable of the path', () => {
    const { checkBody } = operation('POST', 'V1/guest-carts/x/payment-information')
    assert.deepEqual(checkBody({ cartId: 'x'.repeat(101), paymentMethod: {} }, 'sync'), [
      { pointer: '/cartId', expected: 'at most 100 characters' },
    ])
  })
  test('a body where there is none', () => {
    const { checkBody } = operation('DELETE', 'V1/products/x')
    assert.deepEqual(checkBody({}, 'sync'), [])
    assert.equal(checkBody({ sku: 'x' }, 'sync').length, 1)
  })
})

describe('looks at each item of a bulk body', () => {
  const { checkBody } = operation('PUT', 'V1/products/bySku', 'bulk')
  test('with the variables of the path in it', () => {
    assert.deepEqual(checkBody([{ sku: 'a', product: { id: 1 } }], 'bulk'), [])
  })
  test('and says which one is wrong', () => {
    assert.deepEqual(checkBody([{ product: {} }, { product: { x: 1 } }], 'bulk'), [
      { pointer: '/1/product', expected: 'no members but those of the schema' },
    ])
    assert.equal(checkBody({ product: {} }, 'bulk').length, 1)
  })
  test('of which there may be only so many', () => {
    const items = Array.from({ length: 4 }, () => ({ product: {} }))
    assert.deepEqual(checkBody(items.slice(1), 'bulk'), [])
    assert.deepEqual(checkBody(items, 'bulk'), [{ pointer: '', expected: 'at most 3 elements' }])
  })
})

test('a variable of the path has its type in the items of a bulk body', () => {
  const parameters = [{ name: 'id', in: 'path', type: 'integer' }]
  const orders = { '/V1/orders/{id}/cancel': { post: { parameters } } }
  const { operations } = compileContract({ swagger: '2.0', paths: orders }, bounds)
  const check = (...ids: unknown[]) =>
    operations[0]?.checkBody(
      ids.map((id) => ({ id })),
      'bulk',
    )
  assert.deepEqual(check(7, '7'), [])
  assert.deepEqual(check(7, 'x'), [{ pointer: '/1/id', expected: 'an integer' }])
})

describe('query parameters', () => {
  const check = (path: string, query: string) =>
    operation('GET', path).checkQuery(parseQuery(query) ?? [])
  const accepted: [string, string][] = [
    [
      'V1/products',
      'searchCriteria[filterGroups][1][filters][0][field]=sku&searchCriteria[pageSize]=5',
    ],
    ['V1/products', 'searchCriteria[filter_groups][0][filters][12][condition_type]=eq'],
    ['V1/products', 'search_criteria[current_page]=2&fields=items[sku]'],
    ['V1/products', 'searchCriteria='],
    ['V1/products/x', 'storeId=1&fields=sku'],
    ['V1/inventory/are-products-salable', 'skus[0]=a&skus[]=b&stockId=1'],
  ]
  for (const [path, query] of accepted) {
    test(`takes ${query}`, () => assert.deepEqual(check(path, query), []))
  }
  const refused: [string, string][] = [
    ['V1/products', 'storeId=1'],
    ['V1/products', 'searchCriteria[pageSize]=many'],
    ['V1/products', 'searchCriteria[unknown]=1'],
    ['V1/products/x', 'storeId[0]=1'],
    ['V1/products/x', 'editMode=1'],
  ]
  for (const [path, query] of refused) {
    test(`refuses ${query}`, () => assert.equal(check(path, query).length, 1))
  }
})
