import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, test } from 'node:test'
import { compileBodySchema } from '../../src/authorize/body-schema.ts'
import { setStocks } from '../../src/endpoints/set-stocks.ts'
import { startGateway, type TestGateway } from '../support/gateway.ts'
import { type ClientAnswer, globexHeaders, problemOf, send } from '../support/http-client.ts'
import type { MagentoStandIn } from '../support/magento/stand-in.ts'
import { startMagento } from '../support/magento-for-tests.ts'

let magento: MagentoStandIn
before(async () => {
  magento = await startMagento()
})
after(() => magento.close())
beforeEach(() => magento.reset())

interface Results {
  readonly success: boolean
  readonly results: readonly {
    readonly sku: string
    readonly success: boolean
    readonly message?: string
  }[]
}

for (const [kind, settings] of [
  ['source items', { sourceCode: 'default', arrayLimit: 2 }],
  ['stock items', { arrayLimit: 2 }],
] as const) {
  describe(`many quantities at once, as ${kind}`, () => {
    let gateway: TestGateway
    before(async () => {
      gateway = await startGateway({
        magentoUrl: magento.url,
        gateway: { magento: { url: magento.url, ...settings } },
        integrations: [
          {
            name: 'globex-pim',
            credentials: { token: 'env:GLOBEX_TOKEN' },
            upstream: { bearer: 'env:MAGENTO_TOKEN' },
            policies: { routes: ['POST /V1/magefine/inventaire/bulk'] },
          },
        ],
      })
    })
    after(() => gateway[Symbol.asyncDispose]())

    function post(body: unknown): Promise<ClientAnswer> {
      return send(gateway.url, {
        method: 'POST',
        path: '/rest/V1/magefine/inventaire/bulk',
        headers: { ...globexHeaders, 'Content-Type': 'application/json' },
        body: JSON.stringify(body),
      })
    }
    function resultsOf({ status, body }: ClientAnswer): Results {
      assert.equal(status, 200, body)
      const results = JSON.parse(body) as Results
      assert.deepEqual(compileBodySchema(setStocks.answers[200]?.schema ?? {})(results), [])
      return results
    }

    test('are set, and no call to Magento has a longer array than it takes', async () => {
      const items = [
        { sku: 'my-sku-123', qty: 1 },
        { sku: '24-MB01', qty: 2 },
        { sku: 'A/B', qty: 3 },
      ]
      const { success, results } = resultsOf(await post({ items }))
      assert.deepEqual(
        results,
        items.map((item) => ({ ...item, success: true })),
      )
      assert.equal(success, true)
      for (const { sku, qty } of items) assert.equal(magento.stock(sku), qty)
      for (const { body } of magento.received) {
        const { sourceItems = [] } = JSON.parse(body.toString() || '{}') as {
          sourceItems?: unknown[]
        }
        assert.ok(sourceItems.length <= 2)
      }
    })

    test('tell of each what became of it, in their order', async () => {
      const { success, results } = resultsOf(
        await post({
          items: [
            { sku: 'gone', qty: 1 },
            { sku: 'A/B', qty: 7 },
            { sku: 'gone, too', qty: 1 },
          ],
        }),
      )
      assert.equal(success, false)
      assert.deepEqual(results, [
        { sku: 'gone', qty: 1, success: false, message: 'Product not found: gone' },
        { sku: 'A/B', qty: 7, success: true },
        { sku: 'gone, too', qty: 1, success: false, message: 'Product not found: gone, too' },
      ])
      assert.equal(magento.stock('A/B'), 7)
    })

    test('where Magento goes away in the middle, what was done is told', async () => {
      let calls = 0
      await magento.setFault({ kind: 'reset' }, () => {
        calls += 1
        return calls > 3
      })
      const items = ['my-sku-123', '24-MB01', 'A/B'].map((sku) => ({ sku, qty: 9 }))
      const answer = await post({ items })
      await magento.clearFault()
      const { success, results } = resultsOf(answer)
      assert.equal(success, false)
      for (const { sku, success: isSet } of results) {
        assert.equal(magento.stock(sku) === 9, isSet, sku)
      }
      assert.ok(results.some((result) => result.success))
      assert.ok(results.some((result) => !result.success))
    })

    test('where Magento is away from the start, nothing is told but that', async () => {
      await magento.setFault({ kind: 'maintenance' })
      const answer = await post({ items: [{ sku: 'A/B', qty: 9 }] })
      await magento.clearFault()
      assert.equal(answer.status, 503)
      assert.equal(problemOf(answer).code, 'upstream-unavailable')
    })

    for (const [name, body, message] of [
      ['no items', { items: [] }, /1 to 1000/],
      ['an item without a quantity', { items: [{ sku: 'A/B' }] }, /^Invalid items/],
      [
        'one SKU twice',
        { items: ['A/B', 'a/b'].map((sku) => ({ sku, qty: 1 })) },
        /^Invalid items: the SKU a\/b stands twice/,
      ],
    ] as const) {
      test(`are refused with ${name}`, async () => {
        const answer = await post(body)
        assert.equal(answer.status, 400)
        assert.match(String(problemOf(answer).message), message)
        assert.equal(magento.received.length, 0)
      })
    }
  })
}
