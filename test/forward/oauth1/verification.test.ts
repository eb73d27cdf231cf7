import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Dialect } from '../../../src/forward/oauth1/dialect.ts'
import { newFreshness } from '../../../src/forward/oauth1/new-freshness.ts'
import { rewriteQuery } from '../../../src/forward/oauth1/rewrite-query.ts'
import { prepareSigning } from '../../../src/forward/oauth1/sign-request.ts'
import { send } from '../../support/http-client.ts'
import { parseFormFields } from '../../support/magento/php/form-fields.ts'
import {
  credentials,
  startVerifyingMagento,
  type Understood,
  type VerifyingMagento,
} from './verifying-magento.ts'

const sign = prepareSigning(credentials)

const dialects: readonly Dialect[] = ['2.4.5', '2.4.7', '2.4.8']

async function sendSigned(
  { url, state }: VerifyingMagento,
  { method = 'GET', path = '/rest/V1/products/24-MB01', query = '', body = '' },
) {
  const rewritten = rewriteQuery(query)
  if ('fault' in rewritten) throw new Error(rewritten.fault)
  const parts = { method, origin: url, path, query: rewritten.query }
  const { authorization } = sign(parts, state.dialect, newFreshness())
  const suffix = rewritten.query === undefined ? '' : `?${rewritten.query}`
  const headers = { authorization, 'content-type': 'application/json' }
  const answer = await send(url, { method, path: path + suffix, headers, body })
  return { status: answer.status, ...(JSON.parse(answer.body) as Understood) }
}

const skus: readonly (readonly [sent: string, read: string])[] = [
  ['24-MB01', '24-MB01'],
  ['A_b.c~d', 'A_b.c~d'],
  ['A%2FB', 'A/B'],
  ['A%2fB', 'A/B'],
  ['A%2F%2FB', 'A//B'],
  ['A%2BB', 'A+B'],
  ['100%25', '100%'],
  ['50%25-OFF', '50%-OFF'],
  ['red%20shoe', 'red shoe'],
  ['12%3A30', '12:30'],
  ['a%2Cb', 'a,b'],
  ['a%3Bb%26c%3Dd%24e%40f', 'a;b&c=d$e@f'],
  ['what%3F%23%21', 'what?#!'],
  ['%28a%29%2A%27%22%5B1%5D', '(a)*\'"[1]'],
  ['%7Ehome', '~home'],
  ['%41BC', 'ABC'],
  ['caf%C3%A9', 'café'],
  ['caf%c3%a9', 'café'],
]

for (const dialect of dialects) {
  test(`Magento ${dialect} accepts the signature of every SKU and reads that SKU`, async () => {
    await using magento = await startVerifyingMagento(dialect)
    for (const [sent, read] of skus) {
      const { status, sku } = await sendSigned(magento, { path: `/rest/V1/products/${sent}` })
      assert.deepEqual({ status, sku }, { status: 200, sku: read }, sent)
    }
  })
}

function filterGroups(count: number): string {
  return Array.from(
    { length: count },
    (_, index) =>
      `searchCriteria[filterGroups][${index}][filters][0][field]=name&searchCriteria[filterGroups][${index}][filters][0][value]=Tote+${index}`,
  ).join('&')
}

const queries: readonly string[] = [
  'fields=items[sku,name],total_count',
  'searchCriteria=',
  'searchCriteria',
  'searchCriteria[pageSize]=10&searchCriteria%5BcurrentPage%5D=1',
  filterGroups(1),
  filterGroups(10),
  filterGroups(11),
  filterGroups(120),
  'skus[]=A&skus[]=B&skus[]=C&stockId=1',
  'searchCriteria[filter_groups][0][filters][0][value]=2024-10-25 00:00:00'.replace(' ', '%20'),
  'searchCriteria[filter_groups][0][filters][0][value]=%25Tote%25&x[y][z]=a+b',
  'q=a=b&empty=&bare',
  'a=1&a[b]=2&ab=3&aB=4',
  'a9=1&a10=2&a1=3',
  'page=1&page=2&page=3',
  'foo.bar=1&foo bar=2'.replace(' ', '+'),
  'name=J%C3%BCrgen&m%C3%A9t%C3%A9o=1&emoji=%F0%9F%98%80',
  'note=!*%27()~-_.',
]

for (const dialect of dialects) {
  test(`Magento ${dialect} accepts the signature of every query and reads what was meant`, async () => {
    await using magento = await startVerifyingMagento(dialect)
    for (const query of queries) {
      const answer = await sendSigned(magento, { query })
      assert.equal(answer.status, 200, query)
      assert.deepEqual(answer.query, JSON.parse(JSON.stringify(parseFormFields(query))), query)
    }
  })

  test(`Magento ${dialect} accepts signed writes, whose JSON body is not signed`, async () => {
    await using magento = await startVerifyingMagento(dialect)
    for (const method of ['POST', 'PUT', 'DELETE']) {
      const path = '/rest/all/V1/products/A%2FB'
      const answer = await sendSigned(magento, {
        method,
        path,
        query: 'fields=sku',
        body: '{"a":1}',
      })
      assert.equal(answer.status, 200, method)
    }
  })
}
