import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Static } from 'typebox'
import { searchCriteria } from '../../src/authorize/search-criteria.ts'
import { allow, type Verdict } from '../../src/policy.ts'
import type { Rejection } from '../../src/problem.ts'
import type { RequestContext } from '../../src/request-context.ts'
import { globex, startGateway } from '../support/gateway.ts'
import { globexHeaders, problemOf, send } from '../support/http-client.ts'
import { startMagento } from '../support/magento-for-tests.ts'
import { requestContext } from '../support/request.ts'
import { services } from '../support/services.ts'
import { rejectionOf } from '../support/verdicts.ts'

type Settings = Static<typeof searchCriteria.settings>

function ask(
  query: string,
  settings: Settings = {},
): { request: RequestContext; verdict: Verdict | Promise<Verdict> } {
  const request = requestContext({ target: `/rest/V1/products${query}` })
  request.route = 'GET /V1/products'
  return { request, verdict: searchCriteria.prepare(settings, services())(request) }
}

const filter = (field: string, value: string, condition = 'eq', at = '0][filters][0') =>
  `searchCriteria[filterGroups][${at}][field]=${field}&searchCriteria[filterGroups][${at}][value]=${value}&searchCriteria[filterGroups][${at}][conditionType]=${condition}`

describe('lets through', () => {
  const cases: [string, string, Settings?][] = [
    ['a request that searches nothing', '?fields=items[sku]'],
    ['no query at all', ''],
    [
      'a search that says which fields it wants, where it has to',
      '?searchCriteria[pageSize]=20&fields=items[sku]',
      { fieldsRequired: true },
    ],
    [
      'a search that wants some entries of its entries as a whole',
      '?searchCriteria[pageSize]=20&fields=items[sku,items],total_count',
      { fieldsRequired: true },
    ],
    ['the entries of a single thing', '?fields=sku,items', { fieldsRequired: true }],
    ['a page of the largest size', '?searchCriteria[pageSize]=300&searchCriteria[currentPage]=7'],
    ['the documented spelling', '?searchCriteria[page_size]=20&searchCriteria[current_page]=1'],
    ['brackets that are encoded', '?searchCriteria%5BpageSize%5D=20'],
    [
      'filters, sort orders and a name of the search',
      `?searchCriteria[page_size]=20&${filter('sku', 'A%25', 'like')}&searchCriteria[sort_orders][0][field]=sku&searchCriteria[sortOrders][0][direction]=desc&searchCriteria[requestName]=quick`,
    ],
    [
      'a leading wildcard where it is granted',
      `?searchCriteria[pageSize]=9&${filter('sku', '%25A', 'like')}`,
      { leadingWildcard: true },
    ],
    ['anything where it is off', '?searchCriteria[pageSize]=99999', { mode: 'off' }],
    [
      'what its route allows',
      '?searchCriteria[pageSize]=999',
      { routes: { 'GET /V1/products': { maxPageSize: 1000 } } },
    ],
  ]
  for (const [name, query, settings] of cases) {
    test(name, () => assert.equal(ask(query, settings).verdict, allow))
  }
})

describe('refuses', () => {
  const page = 'searchCriteria[pageSize]=20'
  const cases: [string, string, RegExp, Settings?][] = [
    ['a page that is too large', '?searchCriteria[pageSize]=301', /^a pageSize from 1 to 300$/],
    [
      'a large page in the spelling that Magento does not limit',
      '?searchCriteria[page_size]=301',
      /^a pageSize from/,
    ],
    ['a large page by another name', '?criteria[pageSize]=301', /^a pageSize from/],
    ['a page of 0', '?searchCriteria[pageSize]=0', /^a pageSize from/],
    ['a page that is no number', '?searchCriteria[pageSize]=1e3', /^a pageSize from/],
    ['no page size', '?searchCriteria[currentPage]=1', /^a pageSize, at most 300$/],
    ['criteria that are empty', '?searchCriteria=', /^a pageSize, at most 300$/],
    ['two page sizes', `?${page}&searchCriteria[page_size]=21`, /^pagesize once$/],
    [
      'a page size under a name that Magento does not read',
      '?search_criteria[pageSize]=20&searchCriteria[currentPage]=1',
      /^one name for all of the criteria$/,
    ],
    [
      'criteria under a name that Magento ignores',
      '?searchcriteria[pageSize]=20',
      /^criteria under the name searchCriteria or search_criteria or criteria$/,
    ],
    ['the same with an underscore', '?search__criteria[pageSize]=20', /^criteria under the name/],
    [
      'a page size that PHP puts a text in the place of',
      '?searchCriteria[pageSize]=20&searchCriteria=',
      /^no value of the criteria as a whole/,
    ],
    ['a current page of 0', `?${page}&searchCriteria[currentPage]=0`, /^a currentPage/],
    [
      'a member that no search has',
      `?${page}&searchCriteria[collection]=x`,
      /^pageSize, currentPage, filterGroups/,
    ],
    [
      'filters deeper than they go',
      `?${page}&searchCriteria[filterGroups][0][filters][0][value][x]=1`,
      /^pageSize, currentPage/,
    ],
    [
      'an index that is none',
      `?${page}&searchCriteria[filterGroups][a][filters][0][field]=sku`,
      /^pageSize, currentPage/,
    ],
    [
      'a condition that Magento does not know',
      `?${page}&${filter('sku', 'a', 'regexp')}`,
      /^a conditionType of eq, neq/,
    ],
    [
      'a condition that is not allowed',
      `?${page}&${filter('sku', 'a', 'like')}`,
      /^a conditionType of eq, in$/,
      { conditions: ['eq', 'in'] },
    ],
    [
      'a field that is not allowed',
      `?${page}&${filter('cost', '1')}`,
      /^a field of sku, updated_at$/,
      { filterableFields: ['sku', 'updated_at'] },
    ],
    [
      'sorting by a field that is not allowed',
      `?${page}&searchCriteria[sortOrders][0][field]=cost`,
      /^a field of sku$/,
      { filterableFields: ['sku'] },
    ],
    ['a field with other characters', `?${page}&${filter("a')", '1')}`, /^a field in every filter/],
    [
      'a leading wildcard',
      `?${page}&${filter('sku', '%25A', 'like')}`,
      /^a like that does not begin/,
    ],
    [
      'a leading wildcard for one character',
      `?${page}&${filter('sku', '_A', 'like')}`,
      /^a like that does not begin/,
    ],
    [
      'too many filters',
      `?${page}&${filter('sku', '1')}&${filter('sku', '2', 'eq', '1][filters][0')}`,
      /^at most 1 filters$/,
      { maxFilters: 1 },
    ],
    [
      'a value that is given twice',
      `?${page}&${filter('sku', '1')}&searchCriteria[filter_groups][0][filters][0][Value]=2`,
      /^value of a filter/,
    ],
    [
      'another direction',
      `?${page}&searchCriteria[sortOrders][0][field]=sku&searchCriteria[sortOrders][0][direction]=RAND()`,
      /^a direction of ASC or DESC$/,
    ],
    ...['x,desc', 'desc,x'].map((direction): [string, string, RegExp] => [
      `a direction with more beside it: ${direction}`,
      `?${page}&searchCriteria[sortOrders][0][field]=sku&searchCriteria[sortOrders][0][direction]=${direction}`,
      /^a direction of ASC or DESC$/,
    ]),
    ['a request without fields', `?${page}`, /^the parameter fields/, { fieldsRequired: true }],
    [
      'fields that name nothing',
      `?${page}&fields=`,
      /^the parameter fields/,
      { fieldsRequired: true },
    ],
    ...[
      'items',
      'total_count,items',
      'items,total_count',
      'items[sku],items',
      // Magento reads these as well, although their brackets are in the wrong places.
      '],items',
      'total_count[x]items',
    ].map((fields): [string, string, RegExp, Settings] => [
      `fields that want all of each entry: ${fields}`,
      `?${page}&fields=${fields}`,
      /^the parameter fields/,
      { fieldsRequired: true },
    ]),
    [
      'another parameter in place of fields',
      `?${page}&field=sku`,
      /^the parameter fields/,
      { fieldsRequired: true },
    ],
    [
      'fields as a list, which Magento takes no notice of',
      `?${page}&fields[]=items`,
      /^the parameter fields/,
      { fieldsRequired: true },
    ],
    [
      'a request without any query where fields are required',
      '',
      /^the parameter fields/,
      { fieldsRequired: true },
    ],
  ]
  for (const [name, query, expected, settings] of cases) {
    test(name, async () => {
      const refused = await rejectionOf(ask(query, settings).verdict)
      assert.equal(refused.code, 'query-not-allowed')
      assert.equal(refused.violations?.length, 1)
      assert.match(refused.violations[0]?.expected ?? '', expected)
    })
  }
})

describe('a read that is paged by a parameter of its own', () => {
  const lowStock = '/rest/V1/stockItems/lowStock'
  const pickup = '/rest/V1/inventory/in-store-pickup/pickup-locations'
  const askAt: typeof ask = (target, settings = {}) => {
    const request = requestContext({ target })
    return { request, verdict: searchCriteria.prepare(settings, services())(request) }
  }

  for (const target of [
    `${lowStock}?scopeId=0&qty=5&pageSize=300`,
    `${lowStock}?scope_id=0&qty=5&page_size=300`,
    `${pickup}?searchRequest[pageSize]=20&searchRequest[scopeCode]=base`,
    '/rest/V1/products/a?pageSize=5000',
  ]) {
    test(`passes: ${target}`, () => assert.equal(askAt(target).verdict, allow))
  }

  for (const [target, expected] of [
    [`${lowStock}?scopeId=0&qty=5`, /^pageSize, at most 300$/],
    [`${lowStock}?scopeId=0&pageSize=0`, /^pageSize from 1 to 300$/],
    [`/rest/all/V1/stockItems/lowStock?page_size=301`, /^pageSize from 1 to 300$/],
    [`${lowStock}?pageSize=1&page_size=301`, /^pageSize once, by one name$/],
    [`${lowStock}?pageSize=1&pageSize=301`, /^pageSize once/],
    [`${lowStock}?scopeId=0&qty=5&pagesize=9`, /^pageSize once, by one name$/],
    [`${lowStock}?scopeId=0&qty=5&page__size=9`, /^pageSize once, by one name$/],
    [`${pickup}?searchRequest[scopeCode]=base`, /^searchRequest\[pageSize\], at most 300$/],
    [`${pickup}?searchRequest[page_size]=301`, /^searchRequest\[pageSize\] from 1 to 300$/],
    [`${pickup}?searchRequest[pageSize]=1&search_request[scopeCode]=base`, /once, by one name$/],
    [`${pickup}?searchRequest[pageSize]=1&searchRequest=`, /once, by one name$/],
  ] as const) {
    test(`is refused: ${target}`, async () => {
      const refused = await rejectionOf(askAt(target).verdict)
      assert.equal(refused.code, 'query-not-allowed')
      assert.match(refused.violations?.map((each) => each.expected).join() ?? '', expected)
    })
  }

  test('has the default page size put in', () => {
    const settings = { defaultPageSize: 50 }
    assert.equal(
      askAt(`${pickup}?searchRequest[scopeCode]=base`, settings).request.target.query,
      'searchRequest[scopeCode]=base&searchRequest%5BpageSize%5D=50',
    )
    assert.equal(
      askAt(`${lowStock}?qty=5&pageSize=7`, settings).request.target.query,
      'qty=5&pageSize=7',
    )
  })
})

test('only reports where it is told so', () => {
  const reported: Rejection[] = []
  const check = searchCriteria.prepare(
    { mode: 'reportOnly' },
    { ...services(), reportViolations: (_, _policy, rejection) => reported.push(rejection) },
  )
  const request = requestContext({ target: '/rest/V1/products?searchCriteria[pageSize]=5000' })
  assert.equal(check(request), allow)
  assert.equal(reported.length, 1)
})

test('a default page size is put into a search without one, and into no other', async () => {
  const settings = { defaultPageSize: 50 }
  assert.equal(
    ask('?searchCriteria=', settings).request.target.query,
    'searchCriteria=&searchCriteria%5BpageSize%5D=50',
  )
  assert.equal(
    ask('?searchCriteria[page_size]=7', settings).request.target.query,
    'searchCriteria[page_size]=7',
  )
  assert.equal(
    ask('?criteria[currentPage]=2', settings).request.target.query,
    'criteria[currentPage]=2&criteria%5BpageSize%5D=50',
  )
  assert.equal(ask('?fields=items', settings).request.target.query, 'fields=items')
})

test('refuses a search behind more parameters than PHP takes', async () => {
  const behind = (count: number) =>
    `?${Array.from({ length: count }, (_, index) => `a${index}`).join('&')}&searchCriteria[pageSize]=20`
  assert.equal(ask(behind(999)).verdict, allow)
  const rejection = await rejectionOf(ask(behind(1000)).verdict)
  assert.equal(rejection.code, 'query-not-allowed')
  assert.match(rejection.detail ?? '', /^PHP would read the query differently/)
})

test('refuses a search whose default page size would stand behind them', async () => {
  const settings = { defaultPageSize: 50 }
  const among = (count: number) =>
    `?searchCriteria[currentPage]=1&${Array.from({ length: count - 1 }, (_, index) => `a${index}`).join('&')}`
  assert.equal(ask(among(999), settings).verdict, allow)
  const rejection = await rejectionOf(ask(among(1000), settings).verdict)
  assert.equal(rejection.code, 'query-not-allowed')
})

test('Magento gets the page size that was put in, and the caller what was expected', async () => {
  await using magento = await startMagento()
  await using gateway = await startGateway({
    magentoUrl: magento.url,
    integrations: [
      {
        ...globex,
        policies: { routes: ['GET /V1/products'], searchCriteria: { defaultPageSize: 2 } },
      },
    ],
  })
  const search = (query: string) =>
    send(gateway.url, { path: `/rest/V1/products?${query}`, headers: globexHeaders })
  const found = await search('searchCriteria[currentPage]=1')
  assert.equal(found.status, 200)
  assert.equal((JSON.parse(found.body) as { items: unknown[] }).items.length, 2)
  const refused = await search('searchCriteria[pageSize]=4000')
  assert.equal(refused.status, 400)
  assert.deepEqual(problemOf(refused).errors, [
    { pointer: '', expected: 'a pageSize from 1 to 300' },
  ])
})
