import assert from 'node:assert/strict'
import type { Socket } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { compileBodySchema } from '../../src/authorize/body-schema.ts'
import { getProduct } from '../../src/endpoints/get-product.ts'
import { setStock } from '../../src/endpoints/set-stock.ts'
import { globex, startGateway, type TestGateway } from '../support/gateway.ts'
import {
  type ClientAnswer,
  globexHeaders,
  problemOf,
  send,
  writeOf,
} from '../support/http-client.ts'
import { startMagento } from '../support/magento-for-tests.ts'
import { answerWith, startRawUpstream } from '../support/raw-upstream.ts'
import { shared } from '../support/shared.ts'

const routes = ['inventaire', 'inventory'].flatMap((name) => [
  `GET /V1/magefine/${name}/:sku`,
  `POST /V1/magefine/${name}`,
])
const integration = {
  ...globex,
  policies: { routes },
}

const magento = await shared(startMagento())

/** Holds an answer against what the endpoint says that it answers. */
function assertContract({ answers }: typeof setStock, { status, body }: ClientAnswer): void {
  const schema = answers[status]?.schema
  assert.ok(schema, `${status} is not among its answers`)
  assert.deepEqual(compileBodySchema(schema)(JSON.parse(body)), [])
}

for (const [kind, magentoSettings] of [
  ['source items', { sourceCode: 'default' }],
  ['stock items', {}],
] as const) {
  describe(`where the shop keeps ${kind}`, () => {
    let gateway: TestGateway
    before(async () => {
      gateway = await startGateway({
        magentoUrl: magento.url,
        gateway: { magento: magentoSettings },
        integrations: [integration],
      })
    })
    after(() => gateway[Symbol.asyncDispose]())

    function post(body: object, path = '/rest/V1/magefine/inventaire'): Promise<ClientAnswer> {
      return send(gateway.url, writeOf(body, { path }))
    }

    for (const name of ['inventaire', 'inventory']) {
      test(`${name} sets a quantity`, async () => {
        for (const [sku, qty] of [
          ['my-sku-123', 15],
          ['A/B', 2.5],
          ['24-MB01', 0],
          // Multiples of 0.0001 that a division of doubles does not find.
          ['A/B', 0.3],
          ['A/B', 4.35],
          ['A/B', 99_999_999.9999],
        ] as const) {
          const answer = await post({ sku, qty }, `/rest/V1/magefine/${name}`)
          assert.equal(answer.status, 200, answer.body)
          assert.deepEqual(JSON.parse(answer.body), { success: true, sku, qty })
          assert.equal(magento.stock(sku), qty)
          assertContract(setStock, answer)
        }
      })
      test(`${name} does not take what Magento rounds to 0 for something in stock`, async () => {
        for (const [qty, isInStock] of [
          [5.5e-17, false],
          [0.0001, true],
        ] as const) {
          const answer = await post({ sku: 'A/B', qty }, `/rest/V1/magefine/${name}`)
          assert.equal(answer.status, 200, answer.body)
          const shown = isInStock
            ? /"(?:status":1|is_in_stock":true)/
            : /"(?:status":0|is_in_stock":false)/
          assert.match(String(magento.received.at(-1)?.body), shown)
        }
      })
      test(`${name} shows a product`, async () => {
        const path = `/rest/default/V1/magefine/${name}/A%2FB`
        const answer = await send(gateway.url, { path, headers: globexHeaders })
        assert.equal(answer.status, 200, answer.body)
        assert.deepEqual(JSON.parse(answer.body), {
          sku: 'A/B',
          name: 'Adapter A to B',
          price: 5.5,
        })
        assertContract(getProduct, answer)
        const { rawTarget = '' } = magento.received.at(-1) ?? {}
        assert.match(rawTarget, /^\/rest\/default\/V1\/products\//, 'in the same store')
      })
    }

    test('show a product for which Magento has neither name nor price', async () => {
      const headers = { 'Content-Type': 'application/json' }
      await magento.setFault({ kind: 'echo', headers, body: '{"sku":"bare"}' })
      const path = '/rest/V1/magefine/inventaire/bare'
      const answer = await send(gateway.url, { path, headers: globexHeaders })
      await magento.clearFault()
      assert.deepEqual(JSON.parse(answer.body), { sku: 'bare', name: null, price: null })
      assertContract(getProduct, answer)
    })

    test('of a product that is not there both say so', async () => {
      for (const answer of [
        await post({ sku: 'no-such', qty: 1 }),
        await send(gateway.url, {
          path: '/rest/V1/magefine/inventaire/no-such',
          headers: globexHeaders,
        }),
      ]) {
        assert.equal(answer.status, 404)
        const { success, message, code } = JSON.parse(answer.body) as Record<string, unknown>
        assert.deepEqual(
          { success, message, code },
          { success: false, message: 'Product not found: no-such', code: 'entity-not-found' },
        )
        assertContract(setStock, answer)
      }
      assert.equal(magento.stock('no-such'), undefined)
    })

    test('the name of another route of Magento is no product, and Magento is not asked', async () => {
      const from = magento.received.length
      const path = '/rest/V1/magefine/inventaire/types'
      for (const answer of [
        await post({ sku: kind === 'stock items' ? 'lowStock' : 'types', qty: 1 }),
        await send(gateway.url, { path, headers: globexHeaders }),
      ]) {
        assert.equal(problemOf(answer).code, 'entity-not-found')
      }
      assert.equal(magento.received.length, from)
    })

    for (const [name, segment] of [
      ['of 65 characters', 'x'.repeat(65)],
      ['that is a space', '%20'],
      ['with a space at its end', 'A%20'],
    ]) {
      test(`a product under an SKU ${name} is not looked for`, async () => {
        const before = magento.received.length
        const answer = await send(gateway.url, {
          path: `/rest/V1/magefine/inventaire/${segment}`,
          headers: globexHeaders,
        })
        assert.equal(answer.status, 400, answer.body)
        const { success, message } = JSON.parse(answer.body) as Record<string, unknown>
        assert.equal(success, false)
        assert.match(String(message), /^Invalid SKU/)
        assert.equal(magento.received.length, before)
      })
    }

    describe('refuses, before Magento is asked,', () => {
      for (const [name, body, message] of [
        ['an empty SKU', { sku: '', qty: 1 }, /^Invalid SKU/],
        ['an SKU that is too long', { sku: 'x'.repeat(65), qty: 1 }, /^Invalid SKU/],
        ['an SKU that is a step in a path', { sku: '..', qty: 1 }, /^Invalid SKU/],
        ['an SKU with such a step', { sku: 'A/../../orders/5', qty: 1 }, /^Invalid SKU/],
        ['an SKU that is no step', { sku: '.', qty: 1 }, /^Invalid SKU/],
        ['an SKU that is a number', { sku: 7, qty: 1 }, /^Invalid SKU/],
        ['a negative quantity', { sku: 'A/B', qty: -1 }, /^Invalid quantity/],
        ['a quantity that is a text', { sku: 'A/B', qty: '1' }, /^Invalid quantity/],
        ['a quantity of five decimals', { sku: 'A/B', qty: 0.00001 }, /^Invalid quantity/],
        [
          'a large quantity of five decimals',
          { sku: 'A/B', qty: 9_999_999.00005 },
          /^Invalid quantity/,
        ],
        ['a quantity that no column holds', { sku: 'A/B', qty: 100_000_000 }, /^Invalid quantity/],
        ['a body without a quantity', { sku: 'A/B' }, /^Invalid body/],
        ['a body with something else', { sku: 'A/B', qty: 1, status: 0 }, /^Invalid body/],
      ] as const) {
        test(name, async () => {
          const before = magento.received.length
          const answer = await post(body)
          assert.equal(answer.status, 400)
          const problem = JSON.parse(answer.body) as Record<string, unknown>
          assert.match(String(problem.message), message)
          assert.equal(problem.success, false)
          assert.equal(problem.code, 'invalid-body')
          assert.equal(magento.received.length, before)
        })
      }
    })

    test('a failure of Magento is answered as for forwarded requests', async () => {
      await magento.setFault({ kind: 'maintenance' })
      const answer = await post({ sku: 'A/B', qty: 1 })
      await magento.clearFault()
      assert.equal(answer.status, 503)
      assert.equal(
        (JSON.parse(answer.body) as Record<string, unknown>).code,
        'upstream-unavailable',
      )
    })
  })
}

test('in the audit an endpoint has its route, its SKU and all the time that Magento took', async () => {
  await using gateway = await startGateway({ magentoUrl: magento.url, integrations: [integration] })
  await send(
    gateway.url,
    writeOf('{"sku":"A/B","qty":1}', { path: '/rest/V1/magefine/inventaire' }),
  )
  const [record] = await gateway.auditRecords(1)
  assert.equal(record?.route, 'POST /V1/magefine/inventaire')
  assert.deepEqual(record?.skus, ['A/B'])
  assert.equal(record?.upstreamStatus, 200)
  assert.ok((record?.upstreamMs ?? 0) > 0)
})

test('endpoints: forward hands the path to the module that the shop has', async () => {
  await using gateway = await startGateway({
    magentoUrl: magento.url,
    integrations: [{ ...integration, policies: { routes, endpoints: 'forward' } }],
  })
  const before = magento.received.length
  const path = '/rest/V1/magefine/inventaire/A%2FB'
  assert.equal((await send(gateway.url, { path, headers: globexHeaders })).status, 200)
  assert.deepEqual(
    magento.received.slice(before).map(({ rawTarget }) => rawTarget),
    [path],
  )
})

test('the source of an integration counts before that of the shop', async () => {
  await using gateway = await startGateway({
    magentoUrl: magento.url,
    gateway: { magento: { sourceCode: 'default' } },
    integrations: [{ ...integration, sourceCode: 'warehouse' }],
  })
  const path = '/rest/V1/magefine/inventaire'
  await send(gateway.url, writeOf({ sku: 'A/B', qty: 1 }, { path }))
  const { body } = magento.received.at(-1) ?? {}
  assert.match(String(body), /"source_code":"warehouse"/)
})

test('an answer that Magento never gives counts as an error of Magento', async () => {
  let [noProducts, nothing] = ['', '']
  await using upstream = await startRawUpstream((socket, request) => {
    answerWith(socket, { body: request.includes('searchCriteria') ? noProducts : nothing })
  })
  const bulk = 'POST /V1/magefine/inventaire/bulk'
  const policies = { routes: [...routes, bulk] }
  for (const magentoSettings of [{ sourceCode: 'default' }, {}]) {
    await using gateway = await startGateway({
      magentoUrl: upstream.url,
      gateway: {
        magento: { circuitBreaker: { mode: 'off' }, ...magentoSettings },
      },
      integrations: [{ ...integration, policies }],
    })
    const post = (path: string, body: object) => send(gateway.url, writeOf(body, { path }))
    const stock = { sku: 'a', qty: 1 }
    const path = '/rest/V1/magefine/inventaire'
    for ([noProducts, nothing] of [
      ['{"items":null}', 'null'],
      ['<html>', '<html>'],
      ['{}', '7'],
    ] as const) {
      const answers = [
        await send(gateway.url, { path: `${path}/a`, headers: globexHeaders }),
        await post(`${path}/bulk`, { items: [stock] }),
        ...('sourceCode' in magentoSettings ? [] : [await post(path, stock)]),
      ]
      for (const answer of answers) {
        assert.equal(answer.status, 502)
        assert.equal(problemOf(answer).code, 'upstream-error')
      }
    }
  }
})

describe('a call of an endpoint', () => {
  const found = '{"item_id":7}'
  const head = `HTTP/1.1 200 OK\r\nContent-Length: ${found.length}\r\n\r\n${found}`
  const request = writeOf({ sku: 'a', qty: 1 }, { path: '/rest/V1/magefine/inventaire' })

  test('has the time that earlier ones have left, and no more', async () => {
    const arrived: Socket[] = []
    await using upstream = await startRawUpstream((socket) => void arrived.push(socket))
    await using gateway = await startGateway({
      magentoUrl: upstream.url,
      gateway: { magento: { timeouts: { headersMs: 600_000, totalMs: 2_000 } } },
      integrations: [integration],
    })
    const order: string[] = []
    const ask = async (name: string) => {
      const answer = await send(gateway.url, request)
      assert.equal(problemOf(answer).code, 'upstream-timeout')
      order.push(name)
    }
    const first = ask('first')
    await upstream.requestsReach(1)
    await delay(250)
    const second = ask('second')
    await upstream.requestsReach(2)
    await delay(250)
    arrived[0]?.write(head)
    await Promise.all([first, second])
    assert.equal(upstream.requests.length, 3)
    assert.deepEqual(order, ['first', 'second'])
    const [record] = await gateway.auditRecords(2)
    assert.equal(record?.reason, 'TOTAL_TIMEOUT')
  })

  test('that is answered with more than 16 MiB fails, and that says nothing against Magento', async () => {
    const long = Buffer.alloc(16_777_217, ' ')
    await using upstream = await startRawUpstream((socket) => {
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${long.length}\r\n\r\n`)
      socket.write(long)
    })
    await using gateway = await startGateway({
      magentoUrl: upstream.url,
      gateway: { magento: { circuitBreaker: { minimumCalls: 1, failureShare: 0.1 } } },
      integrations: [integration],
    })
    for (let count = 0; count < 2; count += 1) {
      assert.equal(problemOf(await send(gateway.url, request)).code, 'upstream-failed')
    }
    const [record] = await gateway.auditRecords(2)
    assert.equal(record?.reason, 'the answer is too long')
  })

  test('that is answered with a compressed transfer fails', async () => {
    await using upstream = await startRawUpstream(
      (socket) => void socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n'),
    )
    await using gateway = await startGateway({
      magentoUrl: upstream.url,
      integrations: [integration],
    })
    assert.equal(problemOf(await send(gateway.url, request)).code, 'upstream-failed')
    const [record] = await gateway.auditRecords(1)
    assert.equal(record?.reason, 'TRANSFER_CODING')
  })

  test('that Magento breaks off counts against it, so that it is left alone', async () => {
    await using upstream = await startRawUpstream((socket) => void socket.destroy())
    await using gateway = await startGateway({
      magentoUrl: upstream.url,
      gateway: { magento: { circuitBreaker: { minimumCalls: 1, failureShare: 0.1 } } },
      integrations: [integration],
    })
    assert.equal(problemOf(await send(gateway.url, request)).code, 'upstream-failed')
    assert.equal(problemOf(await send(gateway.url, request)).code, 'circuit-open')
    assert.equal(upstream.requests.length, 1)
  })

  test('that is answered with an error page leaves its connection to the next one', async () => {
    let answer = `HTTP/1.1 500 Oops\r\nContent-Length: 100000\r\n\r\n${'<'.repeat(100_000)}`
    await using upstream = await startRawUpstream((socket) => void socket.write(answer))
    await using gateway = await startGateway({
      magentoUrl: upstream.url,
      gateway: { magento: { connections: 1 } },
      integrations: [integration],
    })
    assert.equal(problemOf(await send(gateway.url, request)).code, 'upstream-error')
    answer = head
    assert.equal((await send(gateway.url, request)).status, 200)
  })
})
