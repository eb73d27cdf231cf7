import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { routePresets } from '../../src/authorize/route-presets.ts'
import { loadConfig } from '../../src/config.ts'
import { parseRoutePattern } from '../../src/contract/route-pattern.ts'
import { writeConfig } from '../support/config-directory.ts'
import { gatewaySettings, globex, startGateway, testEnv } from '../support/gateway.ts'
import { globexHeaders, send } from '../support/http-client.ts'
import { startRawUpstream } from '../support/raw-upstream.ts'
import { faultLinesAt } from './config-faults.ts'

const magentoSchema = {
  swagger: '2.0',
  paths: {
    '/V1/inventory/source-items': {
      get: { tags: ['inventory/source-items'] },
      post: { tags: ['inventory/source-items'] },
    },
    '/V1/orders/{id}': { get: { tags: ['orders/{id}'] } },
  },
}

async function load(routes: readonly unknown[], schema?: object) {
  await using files = await writeConfig({
    gateway: gatewaySettings({ magentoUrl: 'http://127.0.0.1:1' }, 'audit.jsonl'),
    integrations: { globex: { ...globex, policies: { routes } } },
    ...(schema && { magentoSchema: schema }),
  })
  const faults = await faultLinesAt(files.path)
  if (faults.length > 0) return { faults }
  const { integrations } = await loadConfig(files.path, testEnv)
  return { routes: integrations[0]?.policies.routes, faults }
}

test('tags and presets stand for their routes, each once', async () => {
  const written = [
    'GET /V1/orders/:id',
    { tag: 'inventory/source-items' },
    { tag: 'orders/{id}' },
    { preset: 'stock-write' },
  ]
  const { routes } = await load(written, magentoSchema)
  assert.deepEqual(routes?.slice(0, 3), [
    'GET /V1/orders/:id',
    'GET /V1/inventory/source-items',
    'POST /V1/inventory/source-items',
  ])
  assert.equal(routes?.length, 1 + routePresets['stock-write'].length)
})

test('a preset needs no schema, and every route of one is a pattern', async () => {
  for (const [preset, patterns] of Object.entries(routePresets)) {
    assert.deepEqual((await load([{ preset }])).routes, patterns)
    for (const pattern of patterns) assert.notEqual(parseRoutePattern(pattern), undefined, pattern)
  }
})

describe('is refused, and named', () => {
  const cases: [string, unknown, object | undefined, RegExp][] = [
    [
      'a tag that the schema does not have',
      { tag: 'nothing' },
      magentoSchema,
      /^\/policies\/routes\/0: a tag of magento\/schema\.json$/,
    ],
    [
      'a tag without a schema',
      { tag: 'orders' },
      undefined,
      /^\/policies\/routes\/0: the schema of Magento .* magento pull$/,
    ],
    [
      'a preset that there is not',
      { preset: 'all' },
      magentoSchema,
      /^\/policies\/routes\/0: a method and a path.*catalog-read, stock-write, orders-read$/,
    ],
    [
      'a route that is none',
      'FETCH /V1/x',
      magentoSchema,
      /^\/policies\/routes\/0: a method and a path/,
    ],
    [
      'a route with two variables of one name, of which only the last would count',
      'POST /V1/products/:sku/links/:sku',
      undefined,
      /^\/policies\/routes\/0: only one variable with the name :sku$/,
    ],
  ]
  for (const [name, grant, schema, expected] of cases) {
    test(name, async () => {
      const { faults } = await load([grant], schema)
      assert.equal(faults.length, 1, faults.join('\n'))
      assert.match(String(faults[0]), expected)
    })
  }
})

test('an integration may use what its groups hold, and nothing else', async () => {
  await using upstream = await startRawUpstream()
  await using gateway = await startGateway({
    magentoUrl: upstream.url,
    integrations: [{ ...globex, policies: { routes: [{ preset: 'orders-read' }] } }],
  })
  const statusOf = async (path: string) =>
    (await send(gateway.url, { path, headers: globexHeaders })).status
  assert.equal(await statusOf('/rest/V1/orders/1'), 200)
  assert.equal(await statusOf('/rest/V1/products/1'), 403)
})
