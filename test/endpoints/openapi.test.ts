import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { problemBody, reject } from '../../src/problem.ts'
import { globex, startGateway, type TestGateway, testEnv } from '../support/gateway.ts'
import { acmeHeaders, globexHeaders, problemOf, send } from '../support/http-client.ts'
import { shared, temporaryFolder } from '../support/shared.ts'

const other = { ...globex, name: 'other', credentials: { token: 'env:ACME_TOKEN' } }
const otherHeaders = { Authorization: `Bearer ${testEnv.ACME_TOKEN}` }
/** It hands the credential of its caller on to Magento. */
const through = {
  name: 'through',
  credentials: {
    signature: { scheme: 'body', secrets: [{ id: 'k1', value: 'env:ACME_HMAC_SECRET' }] },
  },
  upstream: { passthrough: true },
  policies: { ipAllowlist: ['127.0.0.0/8'], routes: ['PUT /V1/products/:sku'] },
}
const listen = { publicUrl: 'https://api.shop.example' }

const folder = await temporaryFolder()
const gateway = await shared(
  startGateway({
    magentoUrl: 'http://127.0.0.1:1',
    gateway: { listen },
    integrations: [
      {
        ...globex,
        policies: {
          routes: [
            'GET /V1/magefine/inventaire/:article',
            'POST /V1/magefine/inventaire',
            'POST /V1/magefine/inventaire/bulk',
            'GET /V1/orders/:id',
          ],
        },
      },
      { ...other, policies: { routes: ['POST /V1/magefine/inventaire'], endpoints: 'forward' } },
    ],
  }),
)
const withJobs = await shared(
  startGateway({
    magentoUrl: 'http://127.0.0.1:1',
    gateway: { jobs: { file: join(folder, 'jobs.sqlite') } },
    integrations: [
      through,
      {
        ...globex,
        policies: {
          routes: [
            'GET /V1/magefine/inventory/:sku',
            'POST /V1/magefine/inventory',
            'POST /V1/magefine/inventory/bulk',
            'PUT /V1/erp/articles/:number',
            'PUT /V1/products/:sku',
          ],
        },
      },
      {
        ...other,
        policies: {
          routes: [
            'POST /V1/magefine/:kind',
            'GET /V1/products/:sku',
            'DELETE /V1/products/:number',
            'PUT /V1/erp/articles/:number',
            'POST /V1/magefine/inventaire/bulk',
            'POST /V1/integration/customer/token',
          ],
          jobs: {
            'PUT /V1/erp/articles/:number': { mode: 'never' },
            'POST /V1/magefine/inventaire/bulk': { mode: 'never' },
          },
        },
      },
    ],
    endpoints: {
      rename: {
        route: 'PUT /V1/erp/articles/:number',
        summary: 'Rename an article',
        request: 'article.json',
        call: { route: 'PUT /V1/products/:number', body: '{ "product": { "name": body.title } }' },
      },
    },
    schemas: { 'article.json': { type: 'object', properties: { title: { type: 'string' } } } },
  }),
)

interface Operation {
  readonly summary: string
  readonly parameters?: readonly { readonly name: string }[]
  readonly responses: Readonly<Record<string, unknown>>
}

interface Document {
  readonly components: { readonly schemas: { readonly Problem: { readonly properties: object } } }
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
}

async function documentOf({ url }: TestGateway, headers: Record<string, string>) {
  const answer = await send(url, { path: '/openapi.json', headers })
  assert.equal(answer.status, 200)
  assert.equal(answer.headers['content-type'], 'application/json')
  return JSON.parse(answer.body) as Document
}

async function snapshot(name: string): Promise<unknown> {
  return JSON.parse(await readFile(new URL(name, import.meta.url), 'utf8'))
}

test('shows an integration what it may call and nothing else, as it was agreed on', async () => {
  assert.deepEqual(
    await documentOf(gateway, globexHeaders),
    await snapshot('openapi.snapshot.json'),
  )
})

test('shows jobs, aliases and endpoints of the shop, as it was agreed on', async () => {
  assert.deepEqual(
    await documentOf(withJobs, globexHeaders),
    await snapshot('openapi-with-jobs.snapshot.json'),
  )
})

test('names no server where the public URL is not known, but not the address that the gateway listens on', async () => {
  const { host } = new URL(withJobs.url)
  const { body } = await send(withJobs.url, { path: '/openapi.json', headers: otherHeaders })
  assert.equal('servers' in JSON.parse(body), false)
  assert.ok(!body.includes(host))
})

test('describes every member that a problem can have', async () => {
  const { components } = await documentOf(gateway, globexHeaders)
  const all = { retryAfterSeconds: 1, violations: [], exceeded: ['rate'] }
  const problem = JSON.parse(problemBody(reject('rate-limited', '', all), '', ''))
  assert.deepEqual(
    Object.keys(components.schemas.Problem.properties).sort(),
    Object.keys(problem).sort(),
  )
})

test('shows a route that is forwarded as one of Magento', async () => {
  const { paths } = await documentOf(gateway, otherHeaders)
  assert.deepEqual(Object.keys(paths), ['/rest/V1/magefine/inventaire'])
  assert.match(paths['/rest/V1/magefine/inventaire']?.post?.summary ?? '', /Magento's own/)
})

test('shows the endpoints that a grant with a variable leads to', async () => {
  const { paths } = await documentOf(withJobs, otherHeaders)
  const summaryOf = (path: string) => paths[`/rest/V1/magefine/${path}`]?.post?.summary
  assert.equal(summaryOf('{kind}'), "Magento's own route")
  assert.equal(summaryOf('inventaire'), 'Set the quantity of a product')
  assert.equal(summaryOf('inventory'), 'Set the quantity of a product')
})

test('shows paths that differ in the names of variables only as one', async () => {
  const { paths } = await documentOf(withJobs, otherHeaders)
  const { get, delete: deletion, ...more } = paths['/rest/V1/products/{sku}'] ?? {}
  assert.deepEqual(
    [get, deletion].map((each) => each?.parameters?.map(({ name }) => name)),
    [['sku'], ['sku']],
  )
  assert.deepEqual(more, {})
  assert.equal(paths['/rest/V1/products/{number}'], undefined)
})

test('shows no job where a route never becomes one, but for what is too long otherwise', async () => {
  const { paths } = await documentOf(withJobs, otherHeaders)
  const responsesOf = (path: string, method: string) =>
    Object.keys(paths[`/rest/V1/${path}`]?.[method]?.responses ?? {})
  assert.deepEqual(responsesOf('erp/articles/{number}', 'put'), ['200', '400', 'default'])
  assert.deepEqual(responsesOf('products/{sku}', 'delete'), ['200', '202', 'default'])
  assert.deepEqual(responsesOf('integration/customer/token', 'post'), ['200', 'default'])
  assert.ok(responsesOf('magefine/inventaire/bulk', 'post').includes('202'))
})

test('shows no job to an integration whose callers have a credential of Magento, of which none is kept', async () => {
  const { 'X-Signature': signature = '' } = acmeHeaders()
  const headers = { 'X-Integration-Id': 'through', 'X-Signature': signature }
  const { paths } = await documentOf(withJobs, headers)
  assert.deepEqual(Object.keys(paths), ['/rest/V1/products/{sku}'])
  const { put } = paths['/rest/V1/products/{sku}'] ?? {}
  assert.deepEqual(Object.keys(put?.responses ?? {}), ['200', 'default'])
})

test('shows nothing to somebody who is not known, and takes GET only', async () => {
  assert.equal((await send(gateway.url, { path: '/openapi.json' })).status, 401)
  const written = await send(gateway.url, {
    method: 'POST',
    path: '/openapi.json',
    headers: globexHeaders,
  })
  assert.equal(problemOf(written).code, 'route-not-granted')
  const asked = await send(gateway.url, { path: '/openapi.json?x=1', headers: globexHeaders })
  assert.equal(problemOf(asked).code, 'bad-request-target')
})
