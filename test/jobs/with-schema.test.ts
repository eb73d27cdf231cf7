import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { globex } from '../support/gateway.ts'
import { globexHeaders, problemOf, send } from '../support/http-client.ts'
import type { MagentoStandIn } from '../support/magento/stand-in.ts'
import { startMagento } from '../support/magento-for-tests.ts'
import { shopDocument } from '../support/shop-document.ts'
import { type JobsGateway, startJobsGateway } from './jobs-gateway.ts'

describe('where every request is held against the schema of Magento, and every GET to its fields', () => {
  let magento: MagentoStandIn
  let jobs: JobsGateway
  before(async () => {
    magento = await startMagento()
    jobs = await startJobsGateway(
      magento.url,
      {},
      {
        magentoSchema: shopDocument,
        integrations: [
          {
            ...globex,
            policies: {
              routes: [
                'POST /V1/products',
                'POST /async/V1/products',
                'PUT /V1/products/:sku',
                'POST /V1/customers',
                'POST /V1/orders',
              ],
              searchCriteria: { fieldsRequired: true },
              jobs: {
                'POST /V1/products': { engine: 'magento' },
                'POST /async/V1/products': { engine: 'magento' },
                'PUT /V1/products/:sku': { engine: 'magento' },
                'POST /V1/customers': { engine: 'magento' },
              },
            },
          },
        ],
      },
    )
  })
  after(async () => {
    await jobs[Symbol.asyncDispose]()
    await magento.close()
  })
  const products = [{ product: { sku: 'one' } }, { product: { sku: 'two' } }]

  test('a job is shown to its owner, and can be cancelled', async () => {
    const accepted = await jobs.write({ body: { product: { sku: 'one' } } })
    assert.equal((await jobs.ended(accepted)).jobId, JSON.parse(accepted.body).jobId)
    const path = accepted.headers.location ?? ''
    const cancelled = await send(jobs.gateway.url, {
      method: 'DELETE',
      path,
      headers: globexHeaders,
    })
    assert.equal(problemOf(cancelled).code, 'job-begun')
  })

  test('the document of what it may call is shown to an integration', async () => {
    const answer = await send(jobs.gateway.url, { path: '/openapi.json', headers: globexHeaders })
    assert.equal(answer.status, 200)
  })

  test('an array that Magento is to carry out in bulk is checked item by item', async () => {
    const accepted = await jobs.write({ body: products })
    assert.equal((await jobs.ended(accepted)).progress?.total, 2)
    const refused = await jobs.write({ body: [...products, { product: { skuX: 'two' } }] })
    assert.deepEqual(problemOf(refused).errors, [
      { pointer: '/2/product', expected: 'no members but those of the schema' },
    ])
  })

  test('an array is refused where no bulk can be made of it', async () => {
    const expected = [{ pointer: '', expected: 'an object' }]
    const atOnce = await jobs.write({ body: products, headers: { Prefer: '' } })
    assert.deepEqual(problemOf(atOnce).errors, expected)
    const byPath = { method: 'PUT', path: '/rest/V1/products/one', body: products }
    assert.deepEqual(problemOf(await jobs.write(byPath)).errors, expected)
    const oneByOne = { path: '/rest/async/V1/products', body: products }
    assert.deepEqual(problemOf(await jobs.write(oneByOne)).errors, expected)
    const byGateway = { path: '/rest/V1/orders', body: [{ order: {} }] }
    assert.deepEqual(problemOf(await jobs.write(byGateway)).errors, expected)
    const guesses = { path: '/rest/V1/customers', body: [{ customer: { email: 'a@example.com' } }] }
    assert.equal(problemOf(await jobs.write(guesses)).code, 'attack-refused')
  })
})
