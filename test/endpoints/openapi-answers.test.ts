import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { globex, startGateway } from '../support/gateway.ts'
import { type ClientAnswer, globexHeaders as caller, send } from '../support/http-client.ts'
import { startMagento } from '../support/magento-for-tests.ts'
import { shared, temporaryFolder } from '../support/shared.ts'

const integration = {
  ...globex,
  policies: {
    routes: [
      'GET /V1/products/:sku',
      'GET /V1/orders/:id',
      'PUT /V1/products/:sku',
      'POST /async/V1/products',
      'GET /V1/magefine/inventaire/:sku',
      'POST /V1/magefine/inventaire',
      'GET /V1/erp/articles/:number',
      'POST /V1/erp/articles',
    ],
    cache: { 'GET /V1/orders/:id': { ttlSeconds: 600 } },
  },
}
const endpoints = {
  'show-article': {
    route: 'GET /V1/erp/articles/:number',
    call: { route: 'GET /V1/products/:number' },
  },
  'make-article-later': {
    route: 'POST /V1/erp/articles',
    call: { route: 'POST /async/V1/products', body: '{ "product": { "sku": body.number } }' },
    answer: '{ "taken": $count(request_items) }',
  },
}
const globexHeaders = { ...caller, 'Content-Type': 'application/json' }
const inAsync = { ...globexHeaders, Prefer: 'respond-async' }

interface Described {
  readonly content?: Readonly<Record<string, { readonly schema: object }>>
}

interface Document {
  readonly paths: Readonly<
    Record<
      string,
      Readonly<Record<string, { readonly responses: Readonly<Record<string, object>> }>>
    >
  >
}

const folder = await temporaryFolder()
const magento = await shared(startMagento())
const gateway = await shared(
  startGateway({
    magentoUrl: magento.url,
    gateway: { jobs: { file: join(folder, 'jobs.sqlite') } },
    integrations: [integration],
    endpoints,
  }),
)
const { body } = await send(gateway.url, { path: '/openapi.json', headers: globexHeaders })
const document = JSON.parse(body) as Document

/** Asserts that the document describes an answer: its status or else the default, its media type, and its body. */
function assertDescribed({ status, headers, body }: ClientAnswer, method: string, path: string) {
  const { responses = {} } = document.paths[path]?.[method.toLowerCase()] ?? {}
  const { content } = resolved(responses[status] ?? responses.default)
  if (body === '') return assert.equal(content, undefined, `${status} has a body in the document`)
  const type = String(headers['content-type']).replace(/;.*/s, '')
  const { schema } = content?.[type] ?? {}
  assert.ok(schema, `${status} ${type} is not described: ${body}`)
  const ajv = new Ajv2020({ strict: false, validateFormats: false })
  ajv.addSchema(document, 'document')
  const isValid = ajv.compile(JSON.parse(JSON.stringify(schema).replaceAll('"#/', '"document#/')))
  assert.ok(isValid(JSON.parse(body)), `${ajv.errorsText(isValid.errors)}: ${body}`)
}

function resolved(response: object | undefined): Described {
  const { $ref } = (response ?? {}) as { readonly $ref?: string }
  const steps = $ref?.split('/').slice(1) ?? []
  const at = (value: unknown, step: string) => (value as Record<string, unknown>)[step]
  return ($ref === undefined ? response : steps.reduce(at, document)) as Described
}

const jsonOf = (value: unknown) => ({ body: JSON.stringify(value) })
const product = { product: { sku: '24-MB01', name: 'A bag' } }

// First, since Magento's queue may change anything for a while after the writes below.
test('describes that a cached answer has not changed', async () => {
  const path = '/rest/V1/orders/1'
  const { headers } = await send(gateway.url, { path, headers: globexHeaders })
  const unchanged = { ...globexHeaders, 'If-None-Match': String(headers.etag) }
  const answer = await send(gateway.url, { path, headers: unchanged })
  assert.equal(answer.status, 304)
  const { responses } = document.paths['/rest/V1/orders/{id}']?.get ?? {}
  assert.ok(responses?.[304])
  assert.equal(resolved(responses[304]).content, undefined)
  assert.equal(document.paths['/rest/V1/products/{sku}']?.get?.responses[304], undefined)
})

for (const [what, status, method, template, path, more = {}] of [
  ['an answer', 200, 'GET', 'products/{sku}', 'products/24-MB01'],
  ["Magento's error for a route", 404, 'GET', 'products/{sku}', 'products/none'],
  ["Magento's error for an endpoint", 404, 'GET', 'erp/articles/{number}', 'erp/articles/none'],
  [
    'a product that is not there',
    404,
    'GET',
    'magefine/inventaire/{sku}',
    'magefine/inventaire/none',
  ],
  [
    'an invalid body',
    400,
    'POST',
    'magefine/inventaire',
    'magefine/inventaire',
    jsonOf({ qty: 1 }),
  ],
  [
    'a job',
    202,
    'PUT',
    'products/{sku}',
    'products/24-MB01',
    { ...jsonOf(product), headers: inAsync },
  ],
] as const) {
  test(`describes ${what} as it is`, async () => {
    const headers = globexHeaders
    const answer = await send(gateway.url, { method, path: `/rest/V1/${path}`, headers, ...more })
    assert.equal(answer.status, status, answer.body)
    assertDescribed(answer, method, `/rest/V1/${template}`)
  })
}

test("describes the answers of Magento's own queue, and jobs that are to be sent to it", async () => {
  for (const [path, body] of [
    ['/rest/async/V1/products', product],
    ['/rest/V1/erp/articles', { number: 'new' }],
  ] as const) {
    for (const headers of [globexHeaders, inAsync]) {
      const answer = await send(gateway.url, { method: 'POST', path, headers, ...jsonOf(body) })
      assert.equal(answer.status, 202, answer.body)
      assertDescribed(answer, 'POST', path)
    }
  }
})

test("describes Magento's error for a write of an endpoint", async () => {
  const path = '/rest/V1/magefine/inventaire'
  const refusal = JSON.stringify({ message: 'Not now: %1', parameters: ['stock'] })
  const echo = { kind: 'echo', status: 400, body: refusal } as const
  await magento.setFault({ ...echo, headers: { 'Content-Type': 'application/json' } })
  const write = { ...jsonOf({ sku: '24-MB01', qty: 1 }), headers: globexHeaders }
  const answer = await send(gateway.url, { method: 'POST', path, ...write })
  await magento.clearFault()
  assert.deepEqual([answer.status, answer.body], [400, refusal])
  assertDescribed(answer, 'POST', path)
})
