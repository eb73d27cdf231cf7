import assert from 'node:assert/strict'
import { test } from 'node:test'
import { globex, startGateway } from '../support/gateway.ts'
import { send, writeOf } from '../support/http-client.ts'
import { startRawUpstream } from '../support/raw-upstream.ts'
import { configFaults } from './config-faults.ts'

test('a body is checked against the schema of its route, however a preset names its variables', async () => {
  await using upstream = await startRawUpstream()
  const route = 'PUT /V1/products/:sku/stockItems/:id'
  await using gateway = await startGateway({
    magentoUrl: upstream.url,
    integrations: [
      {
        ...globex,
        policies: {
          routes: [{ preset: 'stock-write' }, route],
          requestSchema: { [route]: 'stock-item.json' },
        },
      },
    ],
    schemas: {
      'stock-item.json': {
        type: 'object',
        required: ['stockItem'],
        properties: { stockItem: true },
      },
    },
  })
  const put = (body: object) =>
    send(
      gateway.url,
      writeOf(body, { method: 'PUT', path: '/rest/V1/products/24-MB01/stockItems/1' }),
    )
  assert.equal((await put({ stockItem: {} })).status, 200)
  assert.equal((await put({ price: 0 })).status, 400)
})

test('two grants of one route are refused, since the settings of the second would have no effect', async () => {
  const routes = ['PUT /V1/products/:sku', 'POST /V1/products', 'PUT /V1/products/:id']
  const faults = await configFaults({ integration: { policies: { routes } } })
  assert.deepEqual(
    [...faults],
    [['/policies/routes/2', 'another route than PUT /V1/products/:sku, which it is']],
  )
})
