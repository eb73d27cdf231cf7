import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { globex, startGateway, type TestGateway } from '../support/gateway.ts'
import { type HeldRequest, startHeldUpstream } from '../support/held-upstream.ts'
import { globexHeaders, problemOf, send, sendAndLeave } from '../support/http-client.ts'
import { scrape } from '../support/metrics.ts'
import { answerWith, startRawUpstream } from '../support/raw-upstream.ts'
import { startRedis, withClient } from '../support/redis.ts'
import { startCluster, startSentinel } from '../support/redis-topologies.ts'

const exceeded = (mode: string) =>
  `magegate_limit_exceeded_total{integration="globex-pim",limit="rate",mode="${mode}"}`

/** A Redis that is not away where a busy machine makes it late. */
const patient = { redis: 'env:REDIS', deadlineMs: 5_000 }

function limited(rateLimit: object) {
  return { ...globex, policies: { ...globex.policies, rateLimit } }
}

test('a request that is refused for its limit says which one, until when, and how all of them stand', async () => {
  await using upstream = await startRawUpstream()
  await using gateway = await startGateway({
    magentoUrl: upstream.url,
    integrations: [limited({ rate: '1/h', quota: '9/day', legacyHeaders: true })],
  })
  const first = await send(gateway.url, { headers: globexHeaders })
  assert.equal(first.status, 200)
  assert.match(String(first.headers.ratelimit), /^"rate";r=0;t=3600, "quota\/day";r=8;t=\d+$/)
  assert.equal(first.headers['x-ratelimit-remaining'], '0')
  const refused = await send(gateway.url, { headers: globexHeaders })
  const problem = problemOf(refused)
  assert.equal(refused.status, 429)
  assert.equal(problem.code, 'rate-limited')
  assert.deepEqual(problem['violated-policies'], ['rate'])
  assert.equal(String(problem.retryAfterSeconds), refused.headers['retry-after'])
  assert.equal(refused.headers['ratelimit-policy'], '"rate";q=1;w=3600, "quota/day";q=9;w=86400')
  assert.match(String(refused.headers.ratelimit), /"quota\/day";r=8;/)
  assert.equal(upstream.requests.length, 1)
  const [, record] = await gateway.auditRecords(2)
  assert.equal(record?.reason, 'limit exceeded: rate')
  assert.equal((await scrape(gateway)).value(exceeded('enforced')), 1)
})

test('X-RateLimit-* of the gateway take the place of those in the answer of Magento', async () => {
  const headers = {
    'X-RateLimit-Limit': '700',
    'x-ratelimit-remaining': '699',
    'X-RateLimit-Reset': '1',
  }
  await using upstream = await startRawUpstream((socket) => answerWith(socket, { headers }))
  for (const [legacyHeaders, expected] of [
    [true, ['1', '0', '3600']],
    [false, ['700', '699', '1']],
  ] as const) {
    await using gateway = await startGateway({
      magentoUrl: upstream.url,
      integrations: [limited({ rate: '1/h', legacyHeaders })],
    })
    const { headers } = await send(gateway.url, { headers: globexHeaders })
    assert.deepEqual(
      ['limit', 'remaining', 'reset'].map((name) => headers[`x-ratelimit-${name}`]),
      expected,
    )
  }
})

for (const reportOnly of [true, ['rate']]) {
  test(`a limit that is only reported by ${reportOnly} is in the record and the metric, and nobody is refused`, async () => {
    await using upstream = await startRawUpstream()
    await using gateway = await startGateway({
      magentoUrl: upstream.url,
      integrations: [limited({ rate: '1/h', reportOnly })],
    })
    for (let count = 0; count < 3; count += 1) {
      assert.equal((await send(gateway.url, { headers: globexHeaders })).status, 200)
    }
    const records = await gateway.auditRecords(3)
    assert.deepEqual(
      records.map(({ reportedLimits }) => reportedLimits),
      [undefined, ['rate'], ['rate']],
    )
    assert.equal((await scrape(gateway)).value(exceeded('reported')), 2)
  })
}

test('a request that costs more than numbers hold is refused by no defect, and holds no place', async () => {
  await using redis = await startRedis()
  await using upstream = await startRawUpstream()
  await using gateway = await startGateway({
    magentoUrl: upstream.url,
    integrations: [limited({ rate: '10/s', concurrency: 1, cost: { pageSize: 100 } })],
    gateway: { store: patient },
    env: { REDIS: redis.url },
  })
  const search = (pageSize: string) =>
    send(gateway.url, {
      path: `/rest/V1/products?searchCriteria[pageSize]=${pageSize}`,
      headers: globexHeaders,
    })
  for (const pageSize of ['9'.repeat(25), '9e300']) {
    const refused = await search(pageSize)
    assert.ok(['query-not-allowed', 'rate-limited'].includes(String(problemOf(refused).code)))
    assert.match(String(refused.headers.ratelimit), /"concurrency";r=[01]$/)
  }
  for (;;) {
    const { status, body } = await search('1')
    if (status === 200) break
    assert.match(body, /"rate-limited"/)
  }
})

describe('requests at once', () => {
  for (const place of ['memory', 'Redis']) {
    test(`are counted in ${place} until their answers are over, or their callers gone`, async () => {
      await using redis = await startRedis()
      await using upstream = await startHeldUpstream()
      await using gateway = await startGateway({
        magentoUrl: upstream.url,
        integrations: [limited({ concurrency: 2 })],
        ...(place === 'Redis' && { gateway: { store: patient } }),
        env: { REDIS: redis.url },
      })
      const first = send(gateway.url, { headers: globexHeaders })
      const held = await upstream.next()
      const leaving = new AbortController()
      const second = fetch(`${gateway.url}/rest/V1/products/a`, {
        headers: globexHeaders,
        signal: leaving.signal,
      })
      await upstream.next()
      const refused = await send(gateway.url, { headers: globexHeaders })
      assert.equal(problemOf(refused).code, 'concurrency-exceeded')
      assert.ok(Number(refused.headers['retry-after']) >= 1)
      leaving.abort()
      await assert.rejects(second)
      held.answer()
      assert.equal((await first).status, 200)
      await gateway.auditRecords(3)
      const again = [1, 2].map(async () => {
        for (;;) {
          const { status } = await send(gateway.url, { headers: globexHeaders })
          if (status !== 429) return status
        }
      })
      const underWay = [await upstream.next(), await upstream.next()]
      for (const { answer } of underWay) answer()
      assert.deepEqual(await Promise.all(again), [200, 200])
    })
  }
})

/** Asserts that a request holds the only place until Magento answers it. */
async function assertCountsUntilAnswered(
  gateway: TestGateway,
  upstream: Awaited<ReturnType<typeof startHeldUpstream>>,
  underWay: HeldRequest,
): Promise<void> {
  void upstream.next().then((next) => next.answer())
  const refused = await send(gateway.url, { headers: globexHeaders })
  assert.equal(problemOf(refused).code, 'concurrency-exceeded')
  underWay.answer()
  while ((await send(gateway.url, { headers: globexHeaders })).status !== 200) await delay(5)
}

test('a request with a key counts until it is carried out, even if its caller leaves', async () => {
  await using upstream = await startHeldUpstream()
  await using gateway = await startGateway({
    magentoUrl: upstream.url,
    integrations: [limited({ concurrency: 1 })],
  })
  const left = sendAndLeave(gateway.url, { headers: { 'Idempotency-Key': 'key' } })
  const underWay = await upstream.next()
  left.leave()
  await assert.rejects(left.answer)
  await gateway.auditRecords(1)
  await assertCountsUntilAnswered(gateway, upstream, underWay)
})

test('a request to an endpoint counts until it is carried out, even if its caller leaves', async () => {
  await using upstream = await startHeldUpstream()
  const { policies, ...limitedOne } = limited({ concurrency: 1 })
  await using gateway = await startGateway({
    magentoUrl: upstream.url,
    integrations: [{ ...limitedOne, policies: { ...policies, endpoints: 'compose' } }],
  })
  const left = sendAndLeave(gateway.url, {
    path: '/rest/V1/magefine/inventaire',
    body: '{"sku":"a","qty":1}',
  })
  const underWay = await upstream.next()
  left.leave()
  await assert.rejects(left.answer)
  const [record] = await gateway.auditRecords(1)
  assert.equal(record?.code, 'client-closed')
  assert.ok(record?.upstreamMs, 'it tells that Magento was asked')
  await assertCountsUntilAnswered(gateway, upstream, underWay)
})

test('a place is held in Redis for as long as a request may last, its answer read slowly too', async () => {
  await using redis = await startRedis()
  await using upstream = await startHeldUpstream()
  const timeouts = { totalMs: 50_000 }
  await using gateway = await startGateway({
    magentoUrl: upstream.url,
    integrations: [limited({ concurrency: 2 })],
    gateway: {
      magento: { timeouts },
      store: patient,
    },
    env: { REDIS: redis.url },
  })
  const inFlight = send(gateway.url, { headers: globexHeaders })
  const held = await upstream.next()
  const leftMs = await withClient(redis.url, (client) =>
    client.pttl('magegate:limit:{globex-pim}:concurrency'),
  )
  held.answer()
  assert.equal((await inFlight).status, 200)
  assert.ok(leftMs > 2 * timeouts.totalMs, String(leftMs))
})

test('what was used stays used over a restart with another configuration', async () => {
  await using redis = await startRedis()
  await using upstream = await startRawUpstream()
  const startWith = (rateLimit: object) =>
    startGateway({
      magentoUrl: upstream.url,
      integrations: [limited(rateLimit)],
      gateway: { store: patient },
      env: { REDIS: redis.url },
    })
  const quota = '3/month'
  {
    await using gateway = await startWith({ rate: '1/h', burst: 5, quota })
    for (let count = 0; count < 3; count += 1) {
      assert.equal((await send(gateway.url, { headers: globexHeaders })).status, 200)
    }
  }
  await using gateway = await startWith({
    rate: '50/s',
    burst: 100,
    concurrency: 4,
    quota: '4/month',
  })
  assert.equal((await send(gateway.url, { headers: globexHeaders })).status, 200)
  const refused = await send(gateway.url, { headers: globexHeaders })
  assert.equal(problemOf(refused).code, 'quota-exceeded')
})

describe('gateways whose store is', () => {
  const topologies = {
    cluster: async () => {
      const cluster = await startCluster()
      const close = () => cluster[Symbol.asyncDispose]()
      return { store: { cluster: { nodes: cluster.addresses } }, close }
    },
    sentinel: async () => {
      const watched = await startSentinel()
      const close = () => watched[Symbol.asyncDispose]()
      return { store: { sentinel: { primary: 'shop', nodes: [watched.address] } }, close }
    },
  }
  for (const [name, start] of Object.entries(topologies)) {
    test(`${name} count together`, async () => {
      const { store, close } = await start()
      await using upstream = await startRawUpstream()
      const startOne = () =>
        startGateway({
          magentoUrl: upstream.url,
          gateway: { store: { ...store, deadlineMs: 5_000 } },
          integrations: [limited({ rate: '1/h', burst: 3 })],
        })
      {
        await using first = await startOne()
        await using second = await startOne()
        const statuses: number[] = []
        for (const { url } of [first, second, first, second]) {
          statuses.push((await send(url, { headers: globexHeaders })).status)
        }
        assert.deepEqual(statuses, [200, 200, 200, 429])
      }
      await close()
    })
  }
})

test('a caller that tries again at once, however often, gets through in the end', async () => {
  await using upstream = await startRawUpstream()
  await using gateway = await startGateway({
    magentoUrl: upstream.url,
    integrations: [limited({ rate: '200/s', burst: 1 })],
  })
  let done = 0
  for (let attempt = 0; done < 5; attempt += 1) {
    assert.ok(attempt < 100_000)
    if ((await send(gateway.url, { headers: globexHeaders })).status === 200) done += 1
  }
})
