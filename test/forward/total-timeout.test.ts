import assert from 'node:assert/strict'
import { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import { performance } from 'node:perf_hooks'
import { test } from 'node:test'
import { openUpstreamGate } from '../../src/forward/gate/upstream-gate.ts'
import { connectMagento } from '../../src/forward/magento.ts'
import { answerSettings } from '../support/answer-settings.ts'
import { globex, startGateway } from '../support/gateway.ts'
import { startHeldUpstream } from '../support/held-upstream.ts'
import { globexHeaders, problemOf, send, writeOf } from '../support/http-client.ts'
import { type Scrape, scrapeUntil } from '../support/metrics.ts'
import { answerEmpty, startRawUpstream } from '../support/raw-upstream.ts'
import { requestContext } from '../support/request.ts'

const totalMs = 3_600_000
/** The least age of a token that is renewed for a 401, and a second. */
const renewalMs = 61_000
const tokenAnswer =
  'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 8\r\n\r\n"abc123"'
const unauthorized =
  'HTTP/1.1 401 Unauthorized\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}'

const asked = [
  ['a request', '/rest/V1/products/24-MB01', globex.policies],
  ['a call of an endpoint', '/rest/V1/magefine/inventaire/a', { routes: globex.policies.routes }],
] as const

for (const [what, path, policies] of asked) {
  test(`the time that ${what} has in all includes its time in the queue, and if nothing is left it is not sent`, async (t) => {
    await using upstream = await startHeldUpstream()
    await using gateway = await startGateway({
      magentoUrl: upstream.url,
      integrations: [{ ...globex, policies }],
      gateway: {
        magento: {
          connections: 1,
          queue: { maxWaitMs: totalMs },
          timeouts: { headersMs: totalMs, totalMs },
        },
      },
    })
    const first = send(gateway.url, { headers: globexHeaders })
    const held = await upstream.next()
    const second = send(gateway.url, { path, headers: globexHeaders })
    await scrapeUntil(gateway, ({ value }) => value('magegate_upstream_queue_requests') === 1)
    const now = performance.now.bind(performance)
    t.mock.method(performance, 'now', () => now() + totalMs)
    held.answer()
    assert.equal((await first).status, 200)
    assert.equal(problemOf(await second).code, 'upstream-busy')
    await scrapeUntil(gateway, ({ value }) => value('magegate_upstream_in_flight_requests') === 0)
  })
}

for (const [what, path, policies] of asked) {
  for (const [which, isRefusedFirst] of [
    ['the first attempt', false],
    ['a second one after a 401', true],
  ] as const) {
    test(`so does the time in which Magento gives a token for ${which} of ${what}`, async (t) => {
      const sent: string[] = []
      await using upstream = await startRawUpstream((socket, request) => {
        const isSignIn = request.includes('/integration/admin/token ')
        sent.push(isSignIn ? 'sign-in' : 'read')
        const isLastSignIn = isSignIn && (!isRefusedFirst || sent.length > 1)
        // All the time is over, or that after which a token is renewed.
        const passedMs = isLastSignIn ? totalMs : renewalMs
        const now = performance.now.bind(performance)
        t.mock.method(performance, 'now', () => now() + passedMs)
        socket.write(isSignIn ? tokenAnswer : unauthorized)
      })
      const adminToken = { username: 'env:GLOBEX_TOKEN', password: 'env:MAGENTO_TOKEN' }
      await using gateway = await startGateway({
        magentoUrl: upstream.url,
        integrations: [{ ...globex, upstream: { adminToken }, policies }],
        gateway: { magento: { timeouts: { headersMs: totalMs, totalMs } } },
      })
      const answer = await send(gateway.url, { path, headers: globexHeaders })
      assert.equal(problemOf(answer).code, 'upstream-busy')
      assert.deepEqual(sent, isRefusedFirst ? ['sign-in', 'read', 'sign-in'] : ['sign-in'])
      const isIdle = ({ value }: Scrape) => value('magegate_upstream_in_flight_requests') === 0
      const { value } = await scrapeUntil(gateway, isIdle)
      // The gateway needs no more CPU for it.
      const own = value('magegate_own_duration_seconds_sum{integration="globex-pim"}')
      assert.ok(own !== undefined && own < renewalMs / 1000, `${own} s`)
    })
  }
}

test('an endpoint whose first call took all of the time is late, and not a request that was never sent', async (t) => {
  await using upstream = await startHeldUpstream()
  await using gateway = await startGateway({
    magentoUrl: upstream.url,
    integrations: [{ ...globex, policies: { routes: globex.policies.routes } }],
    gateway: { magento: { timeouts: { headersMs: totalMs, totalMs } } },
  })
  const path = '/rest/V1/magefine/inventaire'
  const answered = send(gateway.url, writeOf('{"sku":"a","qty":1}', { path }))
  const first = await upstream.next()
  const now = performance.now.bind(performance)
  t.mock.method(performance, 'now', () => now() + totalMs)
  first.answer('{"item_id":1}')
  assert.equal(problemOf(await answered).code, 'upstream-timeout')
})

test('an answer counts that arrived while the process was suspended, though all the time has passed', async () => {
  const suspendedMs = 3_000
  const waiting: Socket[] = []
  await using upstream = await startRawUpstream((socket) => {
    waiting.push(socket)
    if (waiting.length < asked.length) return
    for (const each of waiting) answerEmpty(each)
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, suspendedMs)
  })
  await using gateway = await startGateway({
    magentoUrl: upstream.url,
    integrations: [{ ...globex, policies: { routes: globex.policies.routes } }],
    gateway: { magento: { timeouts: { headersMs: totalMs, totalMs: suspendedMs - 100 } } },
  })
  const answers = await Promise.all(
    asked.map(([, path]) => send(gateway.url, { path, headers: globexHeaders })),
  )
  assert.deepEqual(
    answers.map(({ status }) => status),
    [200, 200],
  )
})

test('so it does for requests that share it', async () => {
  const suspendedMs = 3_000
  const asked: Socket[] = []
  await using upstream = await startRawUpstream((socket) => {
    asked.push(socket)
    if (asked.length === 1) return
    for (const each of asked) answerEmpty(each)
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, suspendedMs)
  })
  const policies = {
    routes: globex.policies.routes,
    cache: { 'GET /V1/products/:sku': { ttlSeconds: 60 } },
  }
  await using gateway = await startGateway({
    magentoUrl: upstream.url,
    integrations: [{ ...globex, policies }],
    gateway: { magento: { timeouts: { headersMs: totalMs, totalMs: suspendedMs - 100 } } },
  })
  const get = (sku: string) =>
    send(gateway.url, { path: `/rest/V1/products/${sku}`, headers: globexHeaders })
  const answers = [get('a'), get('a'), get('a')]
  const waitAll = ({ value }: Scrape) => value('magegate_cache_waiting_requests') === answers.length
  await scrapeUntil(gateway, waitAll)
  answers.push(get('b'))
  assert.deepEqual(
    (await Promise.all(answers)).map(({ status }) => status),
    [200, 200, 200, 200],
  )
})

test('a request of which little time is left waits no longer than that in the queue', async () => {
  const circuitBreaker = {
    ...{ mode: 'off' as const, failureShare: 1, minimumCalls: 1, windowMs: 1_000 },
    ...{ openMs: 1_000, trialCalls: 1, failsReadiness: false },
  }
  const queue = { maxWaiting: 10, maxWaitMs: totalMs }
  const gate = openUpstreamGate(
    { connections: 1, queue, circuitBreaker, weights: new Map() },
    () => performance.now(),
    { onShed: () => undefined, onWaited: () => undefined, onCircuit: () => undefined },
  )
  const magento = connectMagento(
    {
      url: 'http://127.0.0.1',
      connections: 1,
      timeouts: { connectMs: totalMs, headersMs: totalMs, bodyMs: totalMs, totalMs },
    },
    { ...answerSettings, beforeEnd: () => assert.fail(), readMs: totalMs },
    gate,
  )
  // It keeps the only place.
  assert.equal(typeof gate.enter({ verified: 'acme-erp' }, totalMs), 'number')
  const request = requestContext()
  const response = new ServerResponse(new IncomingMessage(new Socket()))
  const call = { method: 'GET', path: '/rest/V1/a', query: undefined, body: undefined } as const
  const unsent = () => assert.fail('it was sent')
  const answers = [
    await magento.forward(request, unsent, response, 50),
    await magento.send(request, { ...call, withinMs: 50 }, unsent),
  ]
  for (const answer of answers) {
    assert.ok(answer !== undefined && 'code' in answer)
    assert.deepEqual([answer.code, answer.reason], ['upstream-busy', 'deadline'])
  }
  await magento.close()
})
