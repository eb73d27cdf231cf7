import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { knownAttacks } from '../../src/authorize/known-attacks.ts'
import { parseStrictJson } from '../../src/authorize/strict-json.ts'
import { allow } from '../../src/policy.ts'
import { requestContext } from '../support/request.ts'
import { services } from '../support/services.ts'

const check = knownAttacks.prepare({ except: {} }, services())

async function codeFor(query: string, method = 'POST'): Promise<string | undefined> {
  const target = `/rest/V1/products?${query}`
  const verdict = await check(requestContext({ method, target }))
  return verdict === allow ? undefined : verdict.code
}

describe('a write may say by its query which fields it wants, and nothing else', () => {
  for (const query of ['', 'fields=sku', 'fields=items[sku,name]']) {
    test(`passes: ${query || 'nothing'}`, async () => {
      assert.equal(await codeFor(query), undefined)
    })
  }

  for (const query of [
    'product[sku]=b',
    'fields=sku&product[sku]=b',
    'product[sku]=b&fields=sku',
    'fields=sku&product',
    'fields[]=sku',
    'Fields=sku',
    'fields',
    'fields=sku&',
  ]) {
    test(`is refused: ${query}`, async () => {
      for (const method of ['POST', 'PUT', 'DELETE']) {
        assert.equal(await codeFor(query, method), 'query-not-allowed', method)
      }
      assert.equal(await codeFor(query, 'GET'), undefined)
    })
  }
})

describe('a query whose parameters PHP or Magento reads otherwise than they stand there', () => {
  for (const query of [
    's[pageSize]=1&s[page_size]=2',
    's[page]=1&S[size]=2',
    'a_b[c]=1&ab[d]=2',
    's[size]=1&s=',
    's[size][a]=1&s[size]=2',
    's[]=1&s=2',
    's[]=1&s[0]=2',
    's[0][f]=1&s[][f]=2',
    's[+]=1',
    's=1&s=2',
    '_method=DELETE',
    's+a=1',
    's%20a=1',
    's.a=1',
    's[item][0]=a',
    's[a][item][0]=a',
    Array.from({ length: 1001 }, (_, index) => `a${index}`).join('&'),
  ]) {
    test(`is refused: ${query.slice(0, 30)}`, async () => {
      assert.equal(await codeFor(query, 'GET'), 'attack-refused')
    })
  }

  for (const query of [
    's[]=1&s[]=2',
    's[0][f]=1&s[1][f]=2',
    's=&s[size]=1',
    's[a]=1&t[a]=2',
    'item[0]=a',
    'a=1&&b=2&',
  ]) {
    test(`passes as it stands there: ${query}`, async () => {
      assert.equal(await codeFor(query, 'GET'), undefined)
    })
  }

  test('names no variable of the path in another spelling', async () => {
    const reasonFor = async (query: string) => {
      const request = requestContext({ target: `/rest/V1/products/a?${query}` })
      request.route = 'GET /V1/products/:sku'
      const verdict = await check(request)
      return verdict === allow ? undefined : verdict.reason
    }
    assert.equal(await reasonFor('product_sku=b'), 'rule ambiguous-name')
    assert.equal(await reasonFor('a=1&Sku=b'), 'rule ambiguous-name')
    assert.equal(await reasonFor('sku=b'), undefined)
  })
})

describe('a body is refused that has', () => {
  async function reasonFor(body: string, path = 'products', headers = {}) {
    const request = requestContext({ method: 'POST', target: `/rest/V1/${path}`, headers, body })
    const json = parseStrictJson(request.body)
    if (!('fault' in json)) request.json = json
    const verdict = await check(request)
    return verdict === allow ? undefined : verdict.reason
  }

  // Of CVE-2024-34102 and CVE-2025-54236.
  const injected = [
    ...['sourceData', 'dataIsURL', 'totalsCollector', 'totalsReader', 'collectorList'],
    ...['session', 'sessionConfig', 'savePath', 'context', 'urlBuilder', 'urlDecoder'],
    ...['directoryData', 'paymentData'],
  ]
  for (const name of injected) {
    test(`${name}, however it is written`, async () => {
      const snake = name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
      for (const written of [name, snake, `_${name}`, name.toUpperCase()]) {
        const body = `{"address":[{"a":{"${written}":{}}}]}`
        assert.equal(await reasonFor(body), 'rule object-injection', written)
      }
    })
  }

  test('an entity or a document type of XML in a text', async () => {
    for (const text of ['<!ENTITY x', 'a <!doctype x', String.raw`\u003c\u0021ENTITY x`]) {
      assert.equal(await reasonFor(`{"a":"${text}"}`), 'rule xml-declaration', text)
    }
  })

  test('a file, wherever options of a product are written', async () => {
    for (const name of ['file_info', 'fileInfo']) {
      assert.equal(await reasonFor(`{"a":{"${name}":{}}}`), 'rule file-content', name)
    }
    assert.equal(await reasonFor('{"base64_encoded_data":""}'), undefined)
  })

  test('a list in the form of SOAP, wherever it stands', async () => {
    for (const body of [
      '{"a":{"b":{"item":[1]}}}',
      '{"a":[{"item":{"0":1}}]}',
      '[{"a":{"item":[1]}}]',
    ]) {
      assert.equal(await reasonFor(body), 'rule soap-list', body)
    }
    // A parameter or a plain member that is called so is no list.
    for (const body of ['{"item":{"sku":"a"}}', '[{"item":{"sku":"a"}}]', '{"a":{"item":"b"}}']) {
      assert.equal(await reasonFor(body), undefined, body)
    }
  })

  test('two names in one object that Magento takes for one, but not two codes of attributes', async () => {
    for (const body of [
      '{"a":[{"b_c":1,"bC":2}]}',
      '{"custom_attributes":{"a":{"b_c":1,"bC":2}}}',
    ]) {
      assert.equal(await reasonFor(body), 'rule ambiguous-name', body)
    }
    for (const name of ['custom_attributes', 'customAttributes']) {
      assert.equal(await reasonFor(`{"a":{"${name}":{"b_c":1,"bc":2}}}`), undefined, name)
    }
    assert.equal(await reasonFor('{"a":{"b_c":1},"b":{"bC":1}}'), undefined)
  })

  const shoppers = ['guest-carts/x/items', 'carts/mine', 'customers/me', 'addresses/1', 'orders']
  const business = ['company/1', 'negotiableQuote/1', 'negotiable-carts/1/x', 'requisition_lists']
  const purchases = ['purchase-order-carts/1/x', 'team/1', 'braintree/mine/payment/vault']
  for (const path of [
    ...shoppers,
    ...business,
    ...purchases,
    ...['order/1/x', 'returns', 'giftregistry/mine', 'guest-giftregistry/x'],
  ]) {
    test(`a template directive or the content of a file, of ${path}`, async () => {
      assert.equal(await reasonFor('{"a":"x {{var y}}"}', path), 'rule template-directive')
      assert.equal(await reasonFor('{"base64EncodedData":""}', path), 'rule file-content')
    })
  }

  test('a header that overrides the method', async () => {
    for (const name of ['X-HTTP-Method-Override', 'X-HTTP-Method', 'x-method-override']) {
      assert.equal(await reasonFor('{}', 'products', { [name]: 'PUT' }), 'rule method-override')
    }
  })

  test('a parameter that chooses a store', async () => {
    for (const query of [
      '___store=b2b',
      'fields=sku&___store[_data][code]=b2b',
      '%5F__store=b2b',
    ]) {
      assert.equal(await codeFor(query, 'GET'), 'attack-refused', query)
    }
    assert.equal(await codeFor('store=b2b', 'GET'), undefined)
  })

  test('but not a template of the shop itself', async () => {
    assert.equal(await reasonFor('{"block":{"content":"{{widget x}}"}}', 'cmsBlock'), undefined)
  })
})

describe('a rule that a route is excepted from', () => {
  const except = { 'POST /V1/a': ['template-directive', 'write-query'] }
  const checkExcept = knownAttacks.prepare({ except }, services())
  async function reasonOn(route: string, body: string, query = '') {
    const target = `/rest/V1/orders${query}`
    const request = requestContext({ method: 'POST', target, body })
    request.route = route
    const json = parseStrictJson(request.body)
    if (!('fault' in json)) request.json = json
    const verdict = await checkExcept(request)
    return verdict === allow ? undefined : verdict.reason
  }

  test('does not apply to it', async () => {
    assert.equal(await reasonOn('POST /V1/a', '{"a":"{{b}}"}', '?a=b'), undefined)
  })
  test('applies to others, and the other rules to it', async () => {
    assert.equal(await reasonOn('POST /V1/b', '{"a":"{{b}}"}'), 'rule template-directive')
    assert.equal(await reasonOn('POST /V1/b', '{}', '?a=b'), 'a write has a query parameter')
    assert.equal(await reasonOn('POST /V1/a', '{"a":"<!ENTITY b"}'), 'rule xml-declaration')
  })
})
