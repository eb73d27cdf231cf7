import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, test } from 'node:test'
import { compileBodySchema } from '../../src/authorize/body-schema.ts'
import { setStocks } from '../../src/endpoints/set-stocks.ts'
import { globex, startGateway, type TestGateway } from '../support/gateway.ts'
import { type ClientAnswer, problemOf, send, writeOf } from '../support/http-client.ts'
import type { ReceivedRequest } from '../support/magento/received-log.ts'
import { startMagento } from '../support/magento-for-tests.ts'
import { shared } from '../support/shared.ts'

const magento = await shared(startMagento())
beforeEach(() => magento.reset())

interface Results {
  readonly success: boolean
  readonly results: readonly {
    readonly sku: string
    readonly success: boolean
    readonly message?: string
  }[]
}

const faultText = 'This is what Magento says.'
const fault = { message: 'This is what %1 says.', parameters: ['Magento'] }
const echo = (status: number) => ({ kind: 'echo', status, body: JSON.stringify(fault) }) as const

for (const [kind, settings] of [
  ['source items', { sourceCode: 'default', arrayLimit: 2 }],
  ['stock items', { arrayLimit: 2 }],
] as const) {
  describe(`many quantities at once, as ${kind}`, () => {
    let gateway: TestGateway
    before(async () => {
      gateway = await startGateway({
        magentoUrl: magento.url,
        // A circuit that is open would answer in Magento's place.
        gateway: { magento: { circuitBreaker: { mode: 'off' }, ...settings } },
        integrations: [
          {
            ...globex,
            policies: {
              routes: ['POST /V1/magefine/inventaire', 'POST /V1/magefine/inventaire/bulk'],
            },
          },
        ],
      })
    })
    after(() => gateway[Symbol.asyncDispose]())

    function post(body: object, path = '/rest/V1/magefine/inventaire/bulk'): Promise<ClientAnswer> {
      return send(gateway.url, writeOf(body, { path }))
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
      const sent = magento.received.map(({ body }) => body.toString())
      assert.ok(
        !sent.includes('{"sourceItems":[]}'),
        'nothing is sent for a chunk of which none is there',
      )
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

    test('if Magento is away from the start, only that is answered', async () => {
      await magento.setFault({ kind: 'maintenance' })
      const answer = await post({ items: [{ sku: 'A/B', qty: 9 }] })
      await magento.clearFault()
      assert.equal(answer.status, 503)
      assert.equal(problemOf(answer).code, 'upstream-unavailable')
    })

    for (const [name, fault] of [
      ['401', echo(401)],
      ['403', echo(403)],
      ['429', echo(429)],
      ['500 in JSON', echo(500)],
      ['503 in JSON', { kind: 'unavailable' }],
      ['an error page', { kind: 'html-error', status: 500 }],
    ] as const) {
      for (const [what, isHit] of [
        ['all', () => true],
        ['writes', ({ method }: ReceivedRequest) => method !== 'GET'],
      ] as const) {
        test(`where Magento answers ${what} with ${name}, so is the whole, after one call`, async () => {
          await magento.setFault(fault, isHit)
          const one = await post({ sku: 'A/B', qty: 8 }, '/rest/V1/magefine/inventaire')
          const calls = magento.received.length
          const many = await post({ items: ['A/B', '24-MB01'].map((sku) => ({ sku, qty: 8 })) })
          await magento.clearFault()
          assert.ok(calls > 0)
          assert.equal(many.status, one.status)
          assert.ok(many.status >= 400)
          const { requestId: _, ...told } = JSON.parse(many.body) as Record<string, unknown>
          const { requestId: __, ...asOne } = JSON.parse(one.body) as Record<string, unknown>
          assert.deepEqual(told, asOne)
          assert.equal(magento.received.length, 2 * calls)
        })
      }
    }

    test('where Magento takes nothing more in the middle, nothing more is sent, and each says so', async () => {
      const isThird = ({ body }: ReceivedRequest) => /7\.25/.test(body.toString())
      await magento.setFault(echo(401), isThird)
      const skus = ['my-sku-123', '24-MB01', 'A/B']
      const gone = ['gone', 'gone, too', 'gone as well'].map((sku) => ({ sku, qty: 1 }))
      const items = skus.map((sku, index) => ({ sku, qty: index === 2 ? 7.25 : 7 }))
      const { results } = resultsOf(await post({ items: [...items, ...gone] }))
      await magento.clearFault()
      assert.deepEqual(
        results.map(({ success, message }) => message ?? success),
        [true, true, ...Array.from({ length: 4 }, () => faultText)],
      )
      assert.ok(isThird(magento.received.at(-1) as ReceivedRequest))
    })

    test('what Magento refuses of one item is the result of that item', async () => {
      await magento.setFault(echo(400), ({ body }) => /7\.25/.test(body.toString()))
      const items = [
        { sku: 'my-sku-123', qty: 7.25 },
        { sku: 'A/B', qty: 6 },
      ]
      const { results } = resultsOf(await post({ items }))
      await magento.clearFault()
      assert.deepEqual(results, [
        { ...items[0], success: false, message: faultText },
        { ...items[1], success: true },
      ])
      assert.equal(magento.stock('A/B'), 6)
    })

    for (const [name, body, message] of [
      ['no items', { items: [] }, /1 to 10000\.$/],
      ['an item without a quantity', { items: [{ sku: 'A/B' }] }, /^Invalid items/],
      [
        'one SKU twice',
        { items: ['A/B', 'a/b'].map((sku) => ({ sku, qty: 1 })) },
        /^Invalid items: the SKU a\/b occurs twice/,
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

test('no search for products is longer than a proxy takes, however long the arrays are', async () => {
  await using gateway = await startGateway({
    magentoUrl: magento.url,
    gateway: { magento: { sourceCode: 'default', arrayLimit: 2000 } },
    integrations: [
      {
        ...globex,
        policies: { routes: ['POST /V1/magefine/inventaire/bulk'] },
      },
    ],
  })
  const skus = Array.from({ length: 100 }, (_, index) => `${'é'.repeat(60)}${index}`)
  const answer = await send(
    gateway.url,
    writeOf(
      { items: [...skus, 'A/B'].map((sku) => ({ sku, qty: 3 })) },
      { path: '/rest/default/V1/magefine/inventaire/bulk' },
    ),
  )
  const { results } = JSON.parse(answer.body) as Results
  assert.deepEqual(
    results.map(({ message, success }) => message ?? success),
    [...skus.map((sku) => `Product not found: ${sku}`), true],
  )
  const targets = magento.received.map(({ rawTarget }) => rawTarget.length)
  assert.ok(Math.max(...targets) <= 4_000, `${Math.max(...targets)}`)
  // None of them looks for few only.
  assert.ok(targets.length <= 15, `${targets.length}`)
})

test('all calls together take no longer than one request may, and what was set is told', async () => {
  await using gateway = await startGateway({
    magentoUrl: magento.url,
    gateway: { magento: { timeouts: { totalMs: 1_000 } } },
    integrations: [
      {
        ...globex,
        policies: { routes: ['POST /V1/magefine/inventaire/bulk'] },
      },
    ],
  })
  await magento.setFault({ kind: 'slow', delayMs: 100 })
  const gone = Array.from({ length: 20 }, (_, index) => `gone-${index}`)
  const answer = await send(
    gateway.url,
    writeOf(
      { items: ['A/B', ...gone].map((sku) => ({ sku, qty: 11 })) },
      { path: '/rest/V1/magefine/inventaire/bulk' },
    ),
  )
  await magento.clearFault()
  const { success, results } = JSON.parse(answer.body) as Results
  assert.equal(success, false)
  assert.equal(results[0]?.success, true)
  assert.equal(magento.stock('A/B'), 11)
  assert.equal(results.length, 21)
  assert.equal(results.at(-1)?.message, 'Magento did not answer in time.')
  assert.ok(magento.received.length < 22)
})

test('an item that Magento was not asked for, since it went away before, has no result yet', async () => {
  const noted: unknown[] = []
  const items = ['a', 'b', 'c'].map((sku) => ({ sku, qty: 1 }))
  const answer = await setStocks.run({
    variables: new Map(),
    body: { items },
    settings: { sourceCode: 'default', arrayLimit: 20 },
    items: { done: [], note: async (known) => void noted.push(...known) },
    callMagento: async ({ method, body }) => {
      if (method === 'GET') return { status: 200, body: { items } }
      const { sourceItems } = body as { readonly sourceItems: readonly { readonly sku: string }[] }
      // All at once are refused, and so they are sent one by one.
      if (sourceItems.length > 1) return { status: 400, body: {} }
      return { status: sourceItems[0]?.sku === 'a' ? 200 : 503, body: {} }
    },
  })
  assert.deepEqual(noted, [{ sku: 'a', qty: 1, success: true }])
  assert.deepEqual(answer, { status: 503, body: {} })
})
