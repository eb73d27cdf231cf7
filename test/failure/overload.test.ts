import assert from 'node:assert/strict'
import { request as httpRequest } from 'node:http'
import type { Socket } from 'node:net'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { acme, globex, startGateway, type TestGateway } from '../support/gateway.ts'
import { acmeHeaders, globexHeaders, problemOf, send, writeOf } from '../support/http-client.ts'
import { scrape } from '../support/metrics.ts'
import {
  answerEmpty,
  answerWith,
  type RawUpstream,
  startRawUpstream,
} from '../support/raw-upstream.ts'

/** A slow Magento: a request is answered when the test says so. */
interface SlowMagento extends RawUpstream {
  /** Answers the oldest request that has no answer. */
  readonly answerNext: () => void
}

async function startSlowMagento(): Promise<SlowMagento> {
  const open: Socket[] = []
  const upstream = await startRawUpstream((socket) => open.push(socket))
  return Object.assign(upstream, {
    answerNext: () => {
      const socket = open.shift()
      if (socket !== undefined) answerEmpty(socket)
    },
  })
}

let magento: SlowMagento
let gateway: TestGateway
beforeEach(async () => {
  magento = await startSlowMagento()
})
afterEach(async () => {
  magento.answer = (socket) => socket.destroy()
  for (const socket of magento.sockets) socket.destroy()
  await gateway[Symbol.asyncDispose]()
  await magento[Symbol.asyncDispose]()
})

async function start(settings: object, weights: { acme?: number; globex?: number } = {}) {
  gateway = await startGateway({
    magentoUrl: magento.url,
    gateway: { magento: settings },
    integrations: [
      { ...acme, queueWeight: weights.acme ?? 1 },
      { ...globex, queueWeight: weights.globex ?? 1 },
    ],
  })
}

const headersOf = { acme: acmeHeaders(), globex: globexHeaders }

/** Asks for a product whose SKU tells whose request it is. */
function ask(name: keyof typeof headersOf) {
  return send(gateway.url, { path: `/rest/V1/products/${name}`, headers: headersOf[name] })
}

/** Sends requests at once; resolves when so many wait in all. */
async function burst(name: keyof typeof headersOf, count: number, waiting: number) {
  const answers = Array.from({ length: count }, () => ask(name))
  await waitingReach(waiting)
  return answers
}

async function waitingReach(count: number): Promise<void> {
  for (;;) {
    const { magento: status } = await readiness()
    if (status.waiting === count) return
  }
}

async function readiness() {
  const answer = await fetch(`${gateway.adminUrl}/readyz`)
  return (await answer.json()) as { magento: { waiting: number; inFlight: number } }
}

/** Whose the requests were that Magento has had, in their order. */
function order(): string[] {
  return magento.requests.map((request) => /products\/(\w+)/.exec(request)?.[1] ?? '')
}

/** Answers one request after the other until all have had theirs. */
async function answerAll(count: number): Promise<void> {
  const before = magento.requests.length
  for (let answered = 0; answered < count; answered += 1) {
    await magento.requestsReach(Math.min(before + answered, count))
    magento.answerNext()
  }
}

describe('one integration floods a slow Magento', () => {
  test('with 200 requests at once: no more than the cap are sent, and another takes its turns', async () => {
    await start({ connections: 4, queue: { maxWaiting: 300, maxWaitMs: 60_000 } })
    const flood = await burst('acme', 200, 196)
    assert.equal(magento.requests.length, 4)
    const others = await burst('globex', 10, 206)
    await answerAll(210)
    for (const { status } of await Promise.all([...flood, ...others])) assert.equal(status, 200)
    // In turn it is the 24th; by the time that they came it would be the 210th.
    assert.ok(order().lastIndexOf('globex') < 70, `${order().lastIndexOf('globex')}`)
  })

  test('an integration gets a share according to its weight', async () => {
    await start(
      { connections: 1, queue: { maxWaiting: 300, maxWaitMs: 60_000 } },
      { acme: 100, globex: 1 },
    )
    // Its requests cost more, since the first one is held for long: without its weight it would be served last.
    const first = await burst('acme', 100, 99)
    const others = await burst('globex', 40, 139)
    await answerAll(140)
    await Promise.all([...first, ...others])
    const before = order().slice(0, order().lastIndexOf('acme'))
    assert.ok(before.filter((name) => name === 'globex').length < 20, before.join())
  })
})

describe('a request that would have to wait', () => {
  test('is refused if too many wait, with a time to come back, and is not sent', async () => {
    await start({ connections: 1, queue: { maxWaiting: 2, maxWaitMs: 60_000 } })
    const answers = await burst('globex', 3, 2)
    const refused = await ask('globex')
    assert.equal(refused.status, 503)
    assert.equal(problemOf(refused).code, 'upstream-busy')
    assert.match(refused.headers['retry-after'] ?? '', /^[1-9]\d*$/)
    await answerAll(3)
    for (const { status } of await Promise.all(answers)) assert.equal(status, 200)
    assert.equal(magento.requests.length, 3)
    const record = (await gateway.auditRecords(4)).find(({ status }) => status === 503)
    assert.deepEqual([record?.code, record?.reason], ['upstream-busy', 'queue-full'])
    assert.equal(record?.upstreamMs, undefined)
  })

  test('displaces the last request of the integration with more waiting ones', async () => {
    await start({ connections: 1, queue: { maxWaiting: 2, maxWaitMs: 60_000 } })
    const flood = await burst('acme', 3, 2)
    const other = ask('globex')
    const refused = await Promise.race(flood)
    assert.equal(problemOf(refused).code, 'upstream-busy')
    await answerAll(3)
    assert.equal((await other).status, 200)
    const statuses = (await Promise.all(flood)).map(({ status }) => status)
    assert.deepEqual(statuses.sort(), [200, 200, 503])
  })

  test('is refused when it has waited for too long', async () => {
    await start({ connections: 1, queue: { maxWaitMs: 50 } })
    const first = ask('globex')
    await magento.requestsReach(1)
    const refused = await ask('globex')
    assert.equal(refused.status, 503)
    assert.equal(problemOf(refused).code, 'upstream-busy')
    magento.answerNext()
    assert.equal((await first).status, 200)
    assert.equal(magento.requests.length, 1)
    const { value } = await scrape(gateway)
    assert.equal(value('magegate_upstream_shed_total{reason="deadline"}'), 1)
    assert.equal(value('magegate_upstream_queue_wait_seconds_count'), 1)
  })

  test('gives up its place when its caller leaves, and is never sent', async () => {
    await start({ connections: 1, queue: { maxWaitMs: 60_000 } })
    const first = ask('globex')
    await magento.requestsReach(1)
    const leaving = httpRequest(gateway.url, {
      path: '/rest/V1/products/leaving',
      headers: globexHeaders,
      agent: false,
    })
    leaving.on('error', () => undefined)
    leaving.end()
    await waitingReach(1)
    const next = ask('acme')
    await waitingReach(2)
    leaving.destroy()
    await waitingReach(1)
    await answerAll(2)
    await Promise.all([first, next])
    assert.deepEqual(order(), ['globex', 'acme'])
    const record = (await gateway.auditRecords(3)).find(({ path }) => path?.endsWith('leaving'))
    assert.deepEqual([record?.status, record?.code], [499, 'client-closed'])
  })
})

test('an endpoint of the gateway waits for its turn as any request does', async () => {
  const composed = { ...globex, policies: { ...globex.policies, endpoints: 'compose' } }
  gateway = await startGateway({
    magentoUrl: magento.url,
    gateway: { magento: { connections: 1, queue: { maxWaitMs: 60_000 } } },
    integrations: [acme, composed],
  })
  const first = ask('acme')
  await magento.requestsReach(1)
  const path = '/rest/V1/magefine/inventaire/24-MB01'
  const waiting = send(gateway.url, { path, headers: globexHeaders })
  await waitingReach(1)
  assert.equal(magento.requests.length, 1)
  const leaving = httpRequest(gateway.url, { path, headers: globexHeaders, agent: false })
  leaving.on('error', () => undefined)
  leaving.end()
  await waitingReach(2)
  leaving.destroy()
  await waitingReach(1)
  await answerAll(2)
  await first
  assert.ok((await waiting).status < 600)
  assert.equal(magento.requests.length, 2)
  const codes = (await gateway.auditRecords(3)).map(({ code }) => code)
  assert.ok(codes.includes('client-closed'))
})

test('a write to an endpoint that has begun is carried out though its caller leaves while a call waits', async () => {
  const routes = ['POST /V1/magefine/inventaire/bulk']
  gateway = await startGateway({
    magentoUrl: magento.url,
    gateway: { magento: { connections: 1, queue: { maxWaitMs: 60_000 } } },
    integrations: [acme, { ...globex, policies: { routes, endpoints: 'compose' } }],
  })
  const open: (() => void)[] = []
  magento.answer = (socket, request) => {
    const body = request.startsWith('GET') ? '{"item_id":1}' : '"1"'
    open.push(() => answerWith(socket, { body }))
  }
  const answerNext = () => open.shift()?.()
  const leaving = httpRequest(gateway.url, {
    method: 'POST',
    path: '/rest/V1/magefine/inventaire/bulk',
    headers: { ...globexHeaders, 'Content-Type': 'application/json' },
    agent: false,
  })
  leaving.on('error', () => undefined)
  leaving.end('{"items":[{"sku":"a","qty":1},{"sku":"b","qty":1}]}')
  await magento.requestsReach(1)
  answerNext()
  await magento.requestsReach(2)
  const other = ask('acme')
  await waitingReach(1)
  answerNext()
  await magento.requestsReach(3)
  await waitingReach(1)
  leaving.destroy()
  await gateway.auditRecords(1)
  assert.equal((await readiness()).magento.waiting, 1)
  for (const count of [4, 5]) {
    answerNext()
    await magento.requestsReach(count)
  }
  answerNext()
  await other
  const targets = magento.requests.map((request) => request.split(' ', 2).join(' '))
  assert.deepEqual(
    targets.map((target) => target.replace('/rest/V1', '').replace(/\?.*/, '')),
    [
      'GET /stockItems/a',
      'PUT /products/a/stockItems/1',
      'GET /products/acme',
      'GET /stockItems/b',
      'PUT /products/b/stockItems/1',
    ],
  )
})

test('a request with an Idempotency-Key is carried out though its caller leaves while it waits', async () => {
  await start({ connections: 1, queue: { maxWaitMs: 60_000 } })
  const first = ask('globex')
  await magento.requestsReach(1)
  const path = '/rest/V1/products'
  const headers = { ...globexHeaders, 'Content-Type': 'application/json', 'Idempotency-Key': '"k"' }
  const leaving = httpRequest(gateway.url, { method: 'POST', path, headers, agent: false })
  leaving.on('error', () => undefined)
  leaving.end('{}')
  await waitingReach(1)
  leaving.destroy()
  await gateway.auditRecords(1)
  await answerAll(2)
  await first
  for (;;) {
    const again = await send(gateway.url, { method: 'POST', path, headers, body: '{}' })
    if (again.status === 409) continue
    assert.equal(again.headers['idempotency-replayed'], 'true')
    break
  }
  assert.equal(magento.requests.length, 2)
})

test('an Idempotency-Key is free again when its request was not sent', async () => {
  await start({ connections: 1, queue: { maxWaiting: 0 } })
  const first = ask('globex')
  await magento.requestsReach(1)
  const write = writeOf('{"product":{"sku":"24-MB01"}}', {
    headers: { 'Idempotency-Key': '"one"' },
  })
  assert.equal(problemOf(await send(gateway.url, write)).code, 'upstream-busy')
  magento.answerNext()
  await first
  const again = send(gateway.url, write)
  await magento.requestsReach(2)
  magento.answerNext()
  assert.equal((await again).status, 200)
})
