import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import type { Socket } from 'node:net'
import { text as wholeText } from 'node:stream/consumers'
import { describe, test } from 'node:test'
import { Registry } from 'prom-client'
import { jobRecord } from '../../src/record/job-record.ts'
import { authenticationMetrics } from '../../src/record/metrics/authentication-metrics.ts'
import { exposition } from '../../src/record/metrics/exposition.ts'
import { limitMetrics } from '../../src/record/metrics/limit-metrics.ts'
import { requestMetrics } from '../../src/record/metrics/request-metrics.ts'
import { tallyCounter, tallyHistogram } from '../../src/record/metrics/tally.ts'
import { endedJob } from '../support/ended-job.ts'
import { acme, globex, startGateway } from '../support/gateway.ts'
import { startHeldUpstream } from '../support/held-upstream.ts'
import {
  acmeHeaders,
  type ClientRequest,
  canonicalFields,
  globexHeaders,
  send,
  sendAndLeave,
} from '../support/http-client.ts'
import { rateOf } from '../support/limits.ts'
import { scrape, scrapeUntil } from '../support/metrics.ts'
import { answerEmpty, startRawUpstream } from '../support/raw-upstream.ts'
import { startRedis } from '../support/redis.ts'
import { startReloadable } from '../support/reloadable-gateway.ts'
import { requestContext } from '../support/request.ts'

/** Requests in which a name that the caller chooses stands wherever one can stand. */
function hostileRequests(name: string): ClientRequest[] {
  const body = `{"${name}":"${name}"}`
  const json = { 'Content-Type': 'application/json' }
  const known = { ...globexHeaders, ...json }
  return [
    { headers: { Authorization: `Bearer ${name}` } },
    { headers: { 'X-Integration-Id': name } },
    { headers: { 'X-Integration-Id': name, 'X-Signature': name } },
    { headers: { 'Signature-Input': `sig1=();keyid="${name}"`, Signature: 'sig1=:AAAA:' } },
    { headers: { Authorization: `OAuth oauth_consumer_key="${name}"` } },
    { headers: { ...globexHeaders, 'X-Request-Id': name, traceparent: name, 'User-Agent': name } },
    { headers: globexHeaders, path: `/rest/V1/${name}` },
    { headers: globexHeaders, path: `/rest/${name}/V1/products` },
    { headers: globexHeaders, path: `/rest/V1/products/${name}` },
    { headers: globexHeaders, path: `/rest/V1/products/x?${name}=${name}` },
    { headers: globexHeaders, path: `/${name}` },
    { headers: globexHeaders, method: 'PATCH', path: `/${name}` },
    { headers: known, method: 'POST', path: '/rest/V1/products', body },
    { headers: known, method: 'POST', path: `/rest/V1/products?${name}=1`, body },
    {
      headers: { ...known, 'Idempotency-Key': name },
      method: 'POST',
      path: '/rest/V1/products',
      body,
    },
    {
      headers: { ...known, 'Content-Type': name },
      method: 'POST',
      path: '/rest/V1/products',
      body,
    },
    { headers: { ...acmeHeaders(), 'X-Signature': name } },
    { headers: { ...globexHeaders, 'X-Forwarded-For': name, Expect: name } },
  ]
}

test('no name that a caller chooses creates a series, however many it tries', async () => {
  await using upstream = await startRawUpstream()
  await using gateway = await startGateway({
    magentoUrl: upstream.url,
    integrations: [
      acme,
      { ...globex, policies: { ...globex.policies, rateLimit: { rate: '9999/s' } } },
    ],
  })
  const tryNames = async (names: readonly string[]) => {
    for (const name of names) {
      for (const request of hostileRequests(name)) await send(gateway.url, request)
    }
  }
  await tryNames(['name-0'])
  const before = await scrape(gateway)
  await tryNames(Array.from({ length: 25 }, (_, index) => `other-${index}`))
  const after = await scrape(gateway)
  assert.deepEqual([...after.series], [...before.series])
  assert.doesNotMatch(after.text, /name-0|other-\d/)
  assert.ok(before.series.size > 50)
})

test('each request counts once on its time, on that of Magento and on that of the gateway', async () => {
  await using upstream = await startRawUpstream()
  await using gateway = await startGateway({ magentoUrl: upstream.url })
  for (let count = 0; count < 3; count += 1) await send(gateway.url, { headers: globexHeaders })
  await send(gateway.url, { headers: globexHeaders, path: '/rest/V1/none' })
  const seen = await scrape(gateway)
  const counts = ['request', 'upstream', 'own'].map((part) =>
    seen.value(`magegate_${part}_duration_seconds_count{integration="globex-pim"}`),
  )
  assert.deepEqual(counts, [4, 3, 4])
  const [whole = 0, magento = 0, own = 0] = ['request', 'upstream', 'own'].map((part) =>
    seen.value(`magegate_${part}_duration_seconds_sum{integration="globex-pim"}`),
  )
  assert.ok(Math.abs(whole - magento - own) < 1e-6)
  const buckets = [...seen.text.matchAll(/^magegate_own_duration_seconds_bucket\{.*\} (\d+)$/gm)]
  const upTo = buckets.map(([, value]) => Number(value))
  assert.deepEqual(
    upTo,
    upTo.toSorted((one, other) => one - other),
  )
  assert.equal(upTo.at(-1), 4)
})

test('requests are counted apart by integration, route, status and code', async () => {
  const registry = new Registry()
  const count = requestMetrics(registry)
  const record = jobRecord(endedJob, undefined, 0)
  const other = [
    { integration: 'globex-pim' },
    { route: 'GET /V1/products' },
    { status: 404 },
    { code: 'upstream-error' },
  ] as const
  for (const each of [{}, ...other]) count({ ...record, ...each }, requestContext())
  const counted = (await wholeText(exposition(registry))).match(
    /(?<=^magegate_requests_total\{.*\} ).*/gm,
  )
  assert.deepEqual(counted, ['1', '1', '1', '1', '1'])
})

test('requests that are not authenticated are counted by their fault', async () => {
  await using upstream = await startRawUpstream()
  await using gateway = await startGateway({
    magentoUrl: upstream.url,
    integrations: [
      acme,
      { ...globex, policies: { ...globex.policies, ipAllowlist: ['203.0.113.1'] } },
    ],
  })
  const wrong: readonly (readonly [string, Record<string, string>])[] = [
    ['nobody', {}],
    ['nobody', { Authorization: 'Bearer unknown-token-0123456789' }],
    ['token', { 'X-Integration-Id': acme.name }],
    ['signature', { ...acmeHeaders(), 'X-Signature': 'none' }],
    ['signature', { ...acmeHeaders(), 'X-Signature': '0'.repeat(64) }],
    ['address', globexHeaders],
    ['address', { 'X-Integration-Id': globex.name }],
  ]
  for (const [, headers] of wrong) await send(gateway.url, { headers })
  const { text } = await scrape(gateway)
  const kinds = [...text.matchAll(/^magegate_authentication_failures_total\{kind="(.*)"\} (\d)$/gm)]
  assert.deepEqual(Object.fromEntries(kinds.map(([, kind, count]) => [kind, Number(count)])), {
    nobody: 2,
    token: 1,
    signature: 2,
    address: 2,
  })
})

test('a refused certificate and a repeat are counted as such', async () => {
  const registry = new Registry()
  const count = authenticationMetrics(registry)
  const request = requestContext()
  request.claimed = { integration: 'acme-erp', by: 'token' }
  for (const policy of ['client-certificate-pin', 'replay-guard', 'repeat-guard']) {
    count({ ...jobRecord(endedJob, undefined, 0), code: 'unauthenticated', policy }, request)
  }
  const text = await wholeText(exposition(registry))
  assert.deepEqual(text.match(/(?<=kind=).*/g), ['"certificate"} 1', '"replay"} 2'])
})

test('of a rotation it shows which secret was used, how often and when last', async () => {
  await using upstream = await startRawUpstream()
  const secrets = [
    { id: 'old', value: 'env:ACME_HMAC_SECRET' },
    { id: 'new', value: 'env:ACME_HMAC_SECRET_NEXT' },
  ]
  const rotating = (signature: object) => ({
    ...acme,
    credentials: { ...acme.credentials, signature: { scheme: 'body', ...signature } },
  })
  await using gateway = await startReloadable({
    magentoUrl: upstream.url,
    integrations: [rotating({ secrets })],
  })
  const labels = (secret: string) => `{integration="acme-erp",secret="${secret}"}`
  const last = (secret: string) => `magegate_secret_last_used_timestamp_seconds${labels(secret)}`
  const unused = await scrape(gateway)
  assert.deepEqual([unused.value(last('old')), unused.value(last('new'))], [0, 0])
  const sentAt = Date.now() / 1000
  assert.equal((await send(gateway.url, { headers: acmeHeaders() })).status, 200)
  const seen = await scrape(gateway)
  assert.ok(Number(seen.value(last('old'))) >= sentAt)
  assert.equal(seen.value(last('new')), 0)
  assert.equal(seen.value(`magegate_secret_uses_total${labels('old')}`), 1)
  assert.equal(seen.value(`magegate_secret_uses_total${labels('new')}`), 0)
  await gateway.writeIntegration(rotating({ secrets: secrets.slice(1) }))
  await gateway.reload()
  const over = await scrape(gateway)
  assert.deepEqual([over.value(last('old')), over.value(last('new'))], [undefined, 0])
})

test('a request that is sent again is no use of the secret that it was signed with', async () => {
  await using upstream = await startRawUpstream()
  const secrets = [{ id: 'k1', value: 'env:ACME_HMAC_SECRET' }]
  await using gateway = await startGateway({
    magentoUrl: upstream.url,
    integrations: [{ ...acme, credentials: { signature: { scheme: 'canonical', secrets } } }],
  })
  const path = '/rest/V1/products/24-MB01'
  const headers = { 'X-Integration-Id': acme.name, ...canonicalFields({ path }) }
  assert.equal((await send(gateway.url, { path, headers })).status, 200)
  assert.equal((await send(gateway.url, { path, headers })).status, 401)
  const { text } = await scrape(gateway)
  assert.deepEqual(text.match(/^magegate_secret_uses_total.*$/gm), [
    'magegate_secret_uses_total{integration="acme-erp",secret="k1"} 1',
  ])
})

test('the use of each limit is shown as a share of it', async () => {
  await using upstream = await startRawUpstream()
  const rateLimit = { rate: '1/h', burst: 4, quota: '10/day', concurrency: 2 }
  await using gateway = await startGateway({
    magentoUrl: upstream.url,
    integrations: [{ ...globex, policies: { ...globex.policies, rateLimit } }],
  })
  for (let count = 0; count < 2; count += 1) await send(gateway.url, { headers: globexHeaders })
  const seen = await scrape(gateway)
  const use = ['rate', 'quota/day', 'concurrency'].map((limit) =>
    seen.value(`magegate_limit_use_ratio{integration="globex-pim",limit="${limit}"}`),
  )
  assert.deepEqual(
    use.map((ratio) => Number(ratio).toFixed(2)),
    ['0.50', '0.20', '0.50'],
  )
  for (let count = 0; count < 3; count += 1) await send(gateway.url, { headers: globexHeaders })
  const full = await scrape(gateway)
  assert.equal(full.value('magegate_limit_use_ratio{integration="globex-pim",limit="rate"}'), 1)
})

test('the use of a limit is shown until a minute and more is over, and then no longer', async (t) => {
  let nowMs = 0
  t.mock.method(performance, 'now', () => nowMs)
  const registry = new Registry()
  const metrics = limitMetrics(registry)
  const use = (remaining: number, atMs: number) => {
    nowMs = atMs
    // Another object each time, as after a reload.
    const limit = rateOf(1, 3600, 4)
    const request = requestContext()
    const state = { isExceeded: false, remaining, retryAfterMs: 0, resetMs: 0 }
    request.limitUse = { limits: [limit], states: [state] }
    request.endedAt = nowMs
    metrics.observe(request)
  }
  const shown = async (atMs: number) => {
    nowMs = atMs
    return /magegate_limit_use_ratio\{.*\} (.*)/.exec(await wholeText(exposition(registry)))?.[1]
  }
  use(0, 0)
  use(3, 1_000)
  assert.equal(await shown(1_000), '1')
  use(3, 61_000)
  use(3, 62_000)
  assert.equal(await shown(62_000), '1')
  use(3, 122_000)
  assert.equal(await shown(122_000), '0.25')
  use(0, 123_000)
  assert.equal(await shown(182_000), '1', 'a scrape begins a window, too')
  assert.equal(await shown(242_000), '0')
  use(0, 243_000)
  use(3, 400_000)
  assert.equal(await shown(400_000), '0.25')
})

test('a limit of one at once is not used up by every request, but by one that it refuses', async () => {
  await using upstream = await startRawUpstream()
  const rateLimit = { rate: '1/h', concurrency: 1 }
  await using gateway = await startGateway({
    magentoUrl: upstream.url,
    integrations: [{ ...globex, policies: { ...globex.policies, rateLimit } }],
  })
  const use = async () => {
    const { status } = await send(gateway.url, { headers: globexHeaders })
    const { value } = await scrape(gateway)
    const ratios = ['rate', 'concurrency'].map((limit) =>
      value(`magegate_limit_use_ratio{integration="globex-pim",limit="${limit}"}`),
    )
    return [status, ...ratios]
  }
  assert.deepEqual(await use(), [200, 0, 0])
  assert.deepEqual(await use(), [429, 1, 0])
})

test('connections to Magento are shown, and the requests that wait for one', async () => {
  const held: Socket[] = []
  await using upstream = await startRawUpstream((socket) => void held.push(socket))
  await using gateway = await startGateway({
    magentoUrl: upstream.url,
    gateway: { magento: { connections: 1 } },
  })
  const answers = [1, 2, 3].map(() => send(gateway.url, { headers: globexHeaders }))
  const seen = await scrapeUntil(
    gateway,
    ({ value }) => held.length === 1 && value('magegate_upstream_queue_requests') === 2,
  )
  const connections = ['open', 'busy', 'limit'].map((what) =>
    seen.value(`magegate_upstream_connections_${what}`),
  )
  assert.deepEqual(connections, [1, 1, 1])
  const [socket] = held
  assert.ok(socket)
  socket.on('data', () => answerEmpty(socket))
  answerEmpty(socket)
  for (const { status } of await Promise.all(answers)) assert.equal(status, 200)
  // For which the gateway needs no more CPU.
  const { value } = await scrape(gateway)
  const [whole = 0, magento = 0, own = 0] = ['request', 'upstream', 'own'].map((part) =>
    value(`magegate_${part}_duration_seconds_sum{integration="globex-pim"}`),
  )
  const waited = Number(value('magegate_upstream_queue_wait_seconds_sum'))
  assert.ok(waited > 0)
  assert.ok(Math.abs(whole - magento - own - waited) < 1e-5, 'the wait is no time of the gateway')
})

test('the wait for a token of Magento is no time of the gateway', async () => {
  await using upstream = await startHeldUpstream()
  const adminToken = { username: 'env:GLOBEX_TOKEN', password: 'env:MAGENTO_TOKEN' }
  await using gateway = await startGateway({
    magentoUrl: upstream.url,
    integrations: [{ ...globex, upstream: { adminToken } }],
  })
  const answered = send(gateway.url, { headers: globexHeaders })
  const signIn = await upstream.next()
  const since = performance.now()
  await scrape(gateway)
  const heldSeconds = (performance.now() - since) / 1000
  signIn.answer('"abc123"')
  ;(await upstream.next()).answer()
  assert.equal((await answered).status, 200)
  const { value } = await scrape(gateway)
  const [whole = 0, magento = 0, own = 0] = ['request', 'upstream', 'own'].map((part) =>
    value(`magegate_${part}_duration_seconds_sum{integration="globex-pim"}`),
  )
  assert.ok(whole - magento - own >= heldSeconds)
  assert.ok(own > 0, 'the rest is no wait')
})

test('the wait of a request whose caller leaves meanwhile is no time of the gateway', async () => {
  await using upstream = await startHeldUpstream()
  await using gateway = await startGateway({
    magentoUrl: upstream.url,
    gateway: { magento: { connections: 1 } },
  })
  const first = send(gateway.url, { headers: globexHeaders })
  const held = await upstream.next()
  const left = sendAndLeave(gateway.url, { headers: { 'Idempotency-Key': 'key' } })
  await scrapeUntil(gateway, ({ value }) => value('magegate_upstream_queue_requests') === 1)
  left.leave()
  await assert.rejects(left.answer)
  await gateway.auditRecords(1)
  const { value } = await scrape(gateway)
  const [whole = 0, own = 0] = ['request', 'own'].map((part) =>
    value(`magegate_${part}_duration_seconds_sum{integration="globex-pim"}`),
  )
  void upstream.next().then((next) => next.answer())
  held.answer()
  await first
  assert.ok(whole - own > 1e-5)
})

test('shows that Redis is away, and how many requests were decided without it', async () => {
  await using upstream = await startRawUpstream()
  await using redis = await startRedis()
  const rateLimit = { rate: '1000/s' }
  await using gateway = await startGateway({
    magentoUrl: upstream.url,
    // However busy the machine is, Redis is away only where it has been killed.
    gateway: { store: { redis: 'env:REDIS_URL', deadlineMs: 5_000 } },
    integrations: [{ ...globex, policies: { ...globex.policies, rateLimit } }],
    env: { REDIS_URL: redis.url },
  })
  const store = async () => {
    await send(gateway.url, { headers: globexHeaders })
    const { value } = await scrape(gateway)
    return ['away', 'losses_total', 'fallbacks_total'].map((each) =>
      value(`magegate_store_${each}`),
    )
  }
  assert.deepEqual(await store(), [0, 0, 0])
  await redis.kill()
  await scrapeUntil(gateway, ({ value }) => value('magegate_store_away') === 1)
  assert.deepEqual(await store(), [1, 1, 1])
  await redis.restart()
  await scrapeUntil(gateway, ({ value }) => value('magegate_store_away') === 0)
  assert.deepEqual(await store(), [0, 1, 1])
})

test('names and help are as Prometheus wants them', async () => {
  await using upstream = await startRawUpstream()
  await using gateway = await startGateway({ magentoUrl: upstream.url })
  await send(gateway.url, { headers: globexHeaders })
  const { text } = await scrape(gateway)
  const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], { input: text })
  assert.equal(`${stdout}${stderr}`, '')
  assert.equal(status, 0)
})

describe('the text of metrics', () => {
  test('has a line for each series, and labels are escaped', async () => {
    const registry = new Registry()
    const counter = { name: 'a_total', help: 'A.', labelNames: ['one', 'two'] } as const
    tallyCounter(registry, counter)('"\\', '\n').count += 2
    const histogram = tallyHistogram(registry, { name: 'b', help: 'B.' }, [0.5, 1])
    for (const value of [0.5, 0.75, 2]) histogram().observe(value)
    const lines = (await wholeText(exposition(registry))).trim().split('\n')
    assert.deepEqual(lines, [
      '# HELP a_total A.',
      '# TYPE a_total counter',
      String.raw`a_total{one="\"\\",two="\n"} 2`,
      '# HELP b B.',
      '# TYPE b histogram',
      'b_bucket{le="0.5"} 1',
      'b_bucket{le="1"} 2',
      'b_bucket{le="+Inf"} 3',
      'b_sum 3.25',
      'b_count 3',
    ])
  })

  test('has the lines of one series from the same moment', async () => {
    const registry = new Registry()
    const form = { name: 'a', help: 'A.', labelNames: ['number'] } as const
    const find = tallyHistogram(registry, form, [1, 2, 3])
    const observeAll = () => {
      for (let number = 0; number < 2_000; number += 1) find(String(number)).observe(1)
    }
    observeAll()
    let text = ''
    for await (const piece of exposition(registry)) {
      text += piece
      observeAll()
    }
    const of = (suffix: string) =>
      [...text.matchAll(new RegExp(`^a_${suffix}\\{.*\\} (\\d+)$`, 'gm'))].map(([, value]) =>
        Number(value),
      )
    assert.ok(new Set(of('count')).size > 2)
    assert.deepEqual(of('sum'), of('count'))
  })

  test('of many series leaves turns to requests', async () => {
    const registry = new Registry()
    const counter = { name: 'a_total', help: 'A.', labelNames: ['number'] } as const
    const find = tallyCounter(registry, counter)
    for (let number = 0; number < 10_000; number += 1) find(String(number)).count += 1
    let turns = 0
    const count = () => {
      turns += 1
      immediate = setImmediate(count)
    }
    let immediate = setImmediate(count)
    await wholeText(exposition(registry))
    clearImmediate(immediate)
    assert.ok(turns >= 3, `${turns} turns`)
  })
})
