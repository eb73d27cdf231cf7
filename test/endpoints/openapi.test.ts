import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { after, before, test } from 'node:test'
import { startGateway, type TestGateway } from '../support/gateway.ts'
import { globexHeaders, problemOf, send } from '../support/http-client.ts'

let gateway: TestGateway
before(async () => {
  gateway = await startGateway({
    magentoUrl: 'http://127.0.0.1:1',
    gateway: { listen: { publicUrl: 'https://api.shop.example' } },
    integrations: [
      {
        name: 'globex-pim',
        credentials: { token: 'env:GLOBEX_TOKEN' },
        upstream: { bearer: 'env:MAGENTO_TOKEN' },
        policies: {
          routes: [
            'GET /V1/magefine/inventaire/:article',
            'POST /V1/magefine/inventaire',
            'GET /V1/orders/:id',
          ],
        },
      },
      {
        name: 'forwarding',
        credentials: { token: 'env:ACME_TOKEN' },
        upstream: { bearer: 'env:MAGENTO_TOKEN' },
        policies: { routes: ['POST /V1/magefine/inventaire'], endpoints: 'forward' },
      },
    ],
  })
})
after(() => gateway[Symbol.asyncDispose]())

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, { readonly summary: string }>>>>
}

async function documentOf(headers: Record<string, string>): Promise<Document> {
  const answer = await send(gateway.url, { path: '/openapi.json', headers })
  assert.equal(answer.status, 200)
  assert.equal(answer.headers['content-type'], 'application/json')
  return JSON.parse(answer.body) as Document
}

test('shows an integration what it may call and nothing else, as it was agreed on', async () => {
  const snapshot = await readFile(new URL('openapi.snapshot.json', import.meta.url), 'utf8')
  assert.deepEqual(await documentOf(globexHeaders), JSON.parse(snapshot))
})

test('shows a route that is forwarded as one of Magento', async () => {
  const { paths } = await documentOf({ Authorization: 'Bearer acme-token-5b1c8e6f0a' })
  assert.deepEqual(Object.keys(paths), ['/rest/V1/magefine/inventaire'])
  assert.match(paths['/rest/V1/magefine/inventaire']?.post?.summary ?? '', /Magento's own/)
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
