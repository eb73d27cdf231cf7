import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { knownAttacks } from '../../src/authorize/known-attacks.ts'
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
      assert.notEqual(await codeFor(query, 'GET'), 'query-not-allowed')
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
    's=1&s=2',
    Array.from({ length: 1001 }, (_, index) => `a${index}`).join('&'),
  ]) {
    test(`is refused: ${query.slice(0, 30)}`, async () => {
      assert.equal(await codeFor(query, 'GET'), 'attack-refused')
    })
  }

  for (const query of ['s[]=1&s[]=2', 's[0][f]=1&s[1][f]=2', 's=&s[size]=1', 's[a]=1&t[a]=2']) {
    test(`passes as it stands there: ${query}`, async () => {
      assert.equal(await codeFor(query, 'GET'), undefined)
    })
  }
})
