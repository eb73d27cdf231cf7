import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { acme, globex, quietAddresses, testEnv } from '../support/gateway.ts'
import { startedProcess } from '../support/gateway-process.ts'
import { startHeldUpstream } from '../support/held-upstream.ts'
import {
  acmeHeaders,
  canonicalFields,
  globexHeaders,
  problemOf,
  send,
  writeOf,
} from '../support/http-client.ts'
import { startMagento } from '../support/magento-for-tests.ts'
import { scrape } from '../support/metrics.ts'
import { answerWith, startRawUpstream } from '../support/raw-upstream.ts'
import { startRedis } from '../support/redis.ts'
import {
  adminToken,
  metricOf,
  postReload,
  reloadableConfig,
  startReloadable,
} from '../support/reloadable-gateway.ts'
import { temporaryFolder } from '../support/shared.ts'

const secretOf = { old: 'magento-token-of-before-3a', new: 'magento-token-of-after-7c' } as const
const globexByFile = { ...globex, upstream: { bearer: 'file:magento-token' } }

describe('POST /reload', () => {
  test('swaps a new configuration in and says what it changes', async () => {
    await using magento = await startMagento()
    await using gateway = await startReloadable({
      magentoUrl: magento.url,
      integrations: [acme, globex],
    })
    const [secret] = acme.credentials.signature.secrets
    const secrets = [secret, { id: 'k2', value: 'env:ACME_HMAC_SECRET_NEXT' }]
    const credentials = { ...acme.credentials, signature: { scheme: 'body', secrets } }
    await gateway.writeIntegration({ ...acme, credentials })
    await gateway.writeIntegration({ ...globex, name: 'initech', credentials: acme.credentials })
    await gateway.removeIntegration('globex-pim')
    await gateway.writeIntegration({
      ...globex,
      name: 'hooli',
      credentials: { token: 'env:ADMIN_TOKEN' },
    })
    await gateway.removeIntegration('initech')
    await gateway.writeSettings({ limits: { textLength: 99 } })
    const { status, outcome } = await gateway.reload()
    assert.equal(status, 200)
    assert.deepEqual(outcome, {
      status: 'reloaded',
      generation: 2,
      changes: {
        settings: ['/limits/textLength'],
        integrations: { added: ['hooli'], removed: ['globex-pim'], changed: ['acme-erp'] },
        endpoints: false,
        magentoSchema: false,
      },
    })
    const { value } = await scrape(gateway)
    assert.equal(value('magegate_config_generation'), 2)
    assert.equal(value('magegate_secret_uses_total{integration="acme-erp",secret="k2"}'), 0)
    assert.equal((await send(gateway.url, { headers: acmeHeaders() })).status, 200)
  })

  test('holds requests against the schema of Magento that is there then', async () => {
    await using magento = await startMagento()
    await using gateway = await startReloadable({ magentoUrl: magento.url, integrations: [globex] })
    await mkdir(join(gateway.path, 'magento'))
    const parameters = [{ name: 'sku', in: 'path', type: 'string', required: true }]
    for (const [path, status] of [
      ['/V1/products/{sku}', 200],
      ['/V1/orders/{sku}', 403],
      ['/V1/products/{sku}', 200],
    ] as const) {
      const document = { swagger: '2.0', paths: { [path]: { get: { parameters } } } }
      await gateway.write('magento/schema.json', JSON.stringify(document))
      assert.equal((await gateway.reload()).status, 200)
      assert.equal((await send(gateway.url, { headers: globexHeaders })).status, status, path)
    }
  })

  test('refuses an integration that was removed from the swap on, also on a connection that stands', async () => {
    await using magento = await startMagento()
    await using gateway = await startReloadable({
      magentoUrl: magento.url,
      integrations: [acme, globex],
    })
    assert.equal((await send(gateway.url, { headers: globexHeaders })).status, 200)
    await gateway.removeIntegration('globex-pim')
    await gateway.reload()
    assert.equal((await send(gateway.url, { headers: globexHeaders })).status, 401)
    assert.equal((await send(gateway.url, { headers: acmeHeaders() })).status, 200)
  })

  test('lets a request in flight finish with the credential that held when it came in', async () => {
    await using upstream = await startHeldUpstream()
    await using gateway = await startReloadable({ magentoUrl: upstream.url, integrations: [acme] })
    await gateway.write('magento-token', `${secretOf.old}\n`)
    await gateway.writeIntegration(globexByFile)
    await gateway.reload()
    const headers = { 'Idempotency-Key': '"of before"' }
    const inFlight = send(gateway.url, writeOf('{}', { headers }))
    const before = await upstream.next()

    await gateway.write('magento-token', `${secretOf.new}\n`)
    assert.equal((await gateway.reload()).status, 200)
    assert.equal(await gateway.metric('magegate_config_living_generations'), 2)
    const later = send(gateway.url, { headers: globexHeaders })
    const after = await upstream.next()
    for (const which of ['open', 'busy']) {
      assert.equal(await gateway.metric(`magegate_upstream_connections_${which}`), 2)
    }
    after.answer()
    assert.equal((await later).status, 200)
    assert.match(before.text, new RegExp(`authorization: Bearer ${secretOf.old}`, 'i'))
    assert.match(after.text, new RegExp(`authorization: Bearer ${secretOf.new}`, 'i'))

    const [ofBefore] = upstream.sockets
    assert.ok(ofBefore)
    const closed = once(ofBefore, 'close')
    before.answer()
    assert.equal((await inFlight).status, 200)
    // Its connections end with the last request.
    await closed
    while ((await gateway.metric('magegate_config_living_generations')) > 1) await delay(5)
    assert.equal(upstream.sockets.size, 1)
  })

  test('lets a job that is under way finish with the connection and credential that it began with', async () => {
    await using upstream = await startHeldUpstream()
    const route = 'POST /V1/products'
    const policies = { routes: [route], jobs: { [route]: {} } }
    const calling = (bearer: string) => ({ ...globex, upstream: { bearer }, policies })
    await using gateway = await startReloadable({
      magentoUrl: upstream.url,
      integrations: [calling('env:OLD')],
      gateway: { jobs: { file: join(await temporaryFolder(), 'jobs.sqlite') } },
      env: { OLD: secretOf.old, NEW: secretOf.new },
    })
    const headers = { Prefer: 'respond-async' }
    const accepted = await send(gateway.url, writeOf('{}', { headers }))
    const path = String(accepted.headers.location)
    const held = await upstream.next()
    await gateway.writeIntegration(calling('env:NEW'))
    assert.equal((await gateway.reload()).status, 200)
    assert.equal(await gateway.metric('magegate_config_living_generations'), 2)
    held.answer()
    while ((await gateway.metric('magegate_config_living_generations')) > 1) await delay(5)
    let state: string
    do {
      state = JSON.parse((await send(gateway.url, { path, headers: globexHeaders })).body).state
    } while (state === 'running')
    assert.equal(state, 'done')
    assert.match(held.text, new RegExp(`authorization: Bearer ${secretOf.old}`, 'i'))
  })

  test('forgets the answers that were kept under the rules of before', async () => {
    const route = 'GET /V1/products/:sku'
    const caching = (ttlSeconds: number) => ({
      ...globex,
      policies: { routes: [route], cache: { [route]: { ttlSeconds } } },
    })
    await using magento = await startMagento()
    await using gateway = await startReloadable({
      magentoUrl: magento.url,
      integrations: [caching(600)],
    })
    const statusOf = async () => {
      const { headers } = await send(gateway.url, { headers: globexHeaders })
      return headers['cache-status']
    }
    assert.deepEqual([await statusOf(), await statusOf()], ['magegate; fwd=miss', 'magegate; hit'])
    await gateway.writeIntegration(caching(60))
    assert.equal((await gateway.reload()).status, 200)
    assert.deepEqual([await statusOf(), await statusOf()], ['magegate; fwd=miss', 'magegate; hit'])
  })

  test('gives no answer that a request of before has fetched with the credentials of before', async () => {
    await using redis = await startRedis()
    await using upstream = await startRawUpstream((socket, request) => {
      const [, token] = /^authorization: Bearer (\S+)/im.exec(request) ?? []
      answerWith(socket, { body: JSON.stringify({ token }) })
    })
    const route = 'GET /V1/products/:sku'
    const rateLimit = { rate: '100/s' }
    const policies = { routes: [route], rateLimit, cache: { [route]: { ttlSeconds: 600 } } }
    const calling = (bearer: string) => ({ ...globex, upstream: { bearer }, policies })
    await using gateway = await startReloadable({
      magentoUrl: upstream.url,
      integrations: [calling('env:OLD')],
      // However busy the machine is, Redis is not away.
      gateway: { store: { redis: 'env:REDIS', deadlineMs: 60_000 } },
      env: { REDIS: redis.url, OLD: secretOf.old, NEW: secretOf.new },
    })
    const read = async () => JSON.parse((await send(gateway.url, { headers: globexHeaders })).body)
    redis.freeze()
    const ofBefore = read()
    // It is on its way, since it keeps the configuration of before alive.
    do {
      await gateway.writeIntegration(calling('env:NEW'))
      assert.equal((await gateway.reload()).status, 200)
    } while ((await gateway.metric('magegate_config_living_generations')) < 2)
    redis.thaw()
    assert.deepEqual(await ofBefore, { token: secretOf.old })
    while ((await gateway.metric('magegate_config_living_generations')) > 1) await delay(5)
    assert.deepEqual(await read(), { token: secretOf.new })
    assert.deepEqual(await read(), { token: secretOf.new })
    assert.equal(upstream.requests.length, 2)
  })

  test('keeps nothing of before a write that had come when nothing was cached yet', async () => {
    await using upstream = await startHeldUpstream()
    const routes = ['GET /V1/products/:sku', 'PUT /V1/products/:sku']
    const policies = { routes, cache: { 'GET /V1/products/:sku': { ttlSeconds: 600 } } }
    await using gateway = await startReloadable({
      magentoUrl: upstream.url,
      integrations: [{ ...globex, policies: { routes } }],
    })
    const path = '/rest/V1/products/a'
    const headers = { ...globexHeaders, 'Content-Type': 'application/json' }
    const written = send(gateway.url, { method: 'PUT', path, headers, body: '{}' })
    const write = await upstream.next()
    await gateway.writeIntegration({ ...globex, policies })
    assert.equal((await gateway.reload()).status, 200)
    const reads = [send(gateway.url, { path, headers })]
    const readBefore = await upstream.next()
    readBefore.answer()
    await reads[0]
    write.answer()
    assert.equal((await written).status, 200)
    void upstream.next().then((next) => next.answer())
    const { headers: answered } = await send(gateway.url, { path, headers })
    assert.notEqual(answered['cache-status'], 'magegate; hit')
  })

  test('a request without end does not keep the next configuration from being taken', async () => {
    await using upstream = await startHeldUpstream()
    await using gateway = await startReloadable({
      magentoUrl: upstream.url,
      integrations: [globex],
    })
    const inFlight = send(gateway.url, { headers: globexHeaders })
    const held = await upstream.next()
    for (let generation = 2; generation < 5; generation += 1) {
      const { outcome } = await gateway.reload()
      assert.equal(outcome.status === 'reloaded' && outcome.generation, generation)
    }
    assert.equal(await gateway.metric('magegate_config_living_generations'), 2)
    held.answer()
    assert.equal((await inFlight).status, 200)
  })

  test('what a generation knew as a secret stays struck out until its last record is written, and no longer', async () => {
    await using upstream = await startHeldUpstream()
    await using gateway = await startReloadable({ magentoUrl: upstream.url, integrations: [acme] })
    await gateway.write('magento-token', `${secretOf.old}\n`)
    await gateway.writeIntegration(globexByFile)
    await gateway.reload()
    const path = `/rest/V1/products/${secretOf.old}`
    const inFlight = send(gateway.url, { headers: globexHeaders, path })
    const held = await upstream.next()
    await gateway.write('magento-token', `${secretOf.new}\n`)
    await gateway.reload()
    held.answer()
    await inFlight
    while ((await gateway.metric('magegate_config_living_generations')) > 1) await delay(5)
    void upstream.next().then((next) => next.answer())
    await send(gateway.url, { headers: globexHeaders, path })
    await gateway.stop()
    const [before = '', after = ''] = (await gateway.auditText()).split('\n')
    assert.match(before, /\[redacted\]/)
    assert.ok(!before.includes(secretOf.old))
    assert.ok(after.includes(secretOf.old))
  })

  test('changes nothing for a configuration with faults, names all of them and no secret', async () => {
    await using magento = await startMagento()
    await using gateway = await startReloadable({
      magentoUrl: magento.url,
      integrations: [acme, globex],
    })
    await gateway.writeIntegration({ ...acme, credentials: { token: 'plain-secret-0123456789' } })
    await gateway.writeIntegration({ ...globex, polices: {} })
    const { status, outcome } = await gateway.reload()
    assert.equal(status, 422)
    assert.equal(outcome.status, 'refused')
    const text = JSON.stringify(outcome)
    assert.match(text, /"pointer":"\/credentials\/token"/)
    assert.match(text, /"pointer":"\/polices"/)
    assert.ok(!text.includes('plain-secret'))
    assert.equal(await gateway.metric('magegate_config_generation'), 1)
    assert.equal(await gateway.metric('magegate_config_reload_failures_total'), 1)
    assert.equal((await send(gateway.url, { headers: globexHeaders })).status, 200)
    assert.equal((await send(gateway.url, { headers: acmeHeaders() })).status, 200)
  })

  for (const [pointer, settings] of [
    ['/listen/port', { listen: { port: 1 } }],
    ['/listen/requestTimeoutMs', { listen: { requestTimeoutMs: 1_234 } }],
    ['/admin/port', { admin: { port: 1 } }],
    ['/audit/file', { audit: { file: '/dev/null' } }],
    ['/audit/onFailure', { audit: { onFailure: 'allow' } }],
    ['/store/deadlineMs', { store: { deadlineMs: 77 } }],
    ['/limits/bodyBytes', { limits: { bodyBytes: 77 } }],
  ] as const) {
    test(`refuses a configuration that changes ${pointer}, which needs a restart`, async () => {
      await using gateway = await startReloadable({
        magentoUrl: 'http://127.0.0.1:9',
        integrations: [globex],
      })
      await gateway.writeSettings(settings)
      const { status, outcome } = await gateway.reload()
      assert.equal(status, 422)
      assert.deepEqual(outcome, {
        status: 'refused',
        faults: [
          {
            file: 'gateway.yaml',
            pointer,
            expected: 'what it was at the start: this cannot change without a restart',
          },
        ],
      })
      assert.equal(await gateway.metric('magegate_config_generation'), 1)
    })
  }

  test('takes whoever presents its token, and is not there without one', async () => {
    await using gateway = await startReloadable({
      magentoUrl: 'http://127.0.0.1:9',
      integrations: [globex],
    })
    assert.equal((await gateway.reload(`${adminToken}x`)).status, 401)
    assert.equal((await send(gateway.adminUrl, { method: 'POST', path: '/reload' })).status, 401)
    const wrongMethod = await send(gateway.adminUrl, { path: '/reload' })
    assert.equal(wrongMethod.status, 405)
    assert.equal(wrongMethod.headers.allow, 'POST')
    assert.equal(await gateway.metric('magegate_config_generation'), 1)

    await gateway.writeSettings({ admin: { token: undefined as never } })
    assert.equal((await gateway.reload()).status, 200)
    assert.equal((await send(gateway.adminUrl, { path: '/reload' })).status, 404)
    assert.equal((await send(gateway.adminUrl, { method: 'POST', path: '/reload' })).status, 405)
  })

  test('serves those who ask at once with one reload behind the one that runs', async () => {
    await using gateway = await startReloadable({
      magentoUrl: 'http://127.0.0.1:9',
      integrations: [globex],
    })
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => gateway.reload()))
    for (const { status } of outcomes) assert.equal(status, 200)
    const generation = await gateway.metric('magegate_config_generation')
    assert.ok(generation >= 2 && generation <= 21)
    assert.equal(await gateway.metric('magegate_config_living_generations'), 1)
  })
})

describe('a reload keeps', () => {
  const limited = (rateLimit: object, upstream: object = globex.upstream) => ({
    ...globex,
    upstream,
    policies: { ...globex.policies, rateLimit },
  })

  test('what was used of rates and quotas, also where they are edited', async () => {
    await using magento = await startMagento()
    await using gateway = await startReloadable({
      magentoUrl: magento.url,
      integrations: [limited({ rate: '1/h', burst: 2, quota: '100/day' })],
    })
    const status = async () => (await send(gateway.url, { headers: globexHeaders })).status
    assert.deepEqual([await status(), await status(), await status()], [200, 200, 429])
    await gateway.reload()
    assert.equal(await status(), 429)
    await gateway.writeIntegration(limited({ rate: '1/h', burst: 3, quota: '3/day' }))
    await gateway.reload()
    const third = await send(gateway.url, { headers: globexHeaders })
    assert.equal(third.status, 200)
    assert.match(String(third.headers.ratelimit), /"quota\/day";r=0/)
    assert.equal(await status(), 429)
  })

  test('slots of requests that are in flight', async () => {
    await using upstream = await startHeldUpstream()
    await using gateway = await startReloadable({
      magentoUrl: upstream.url,
      integrations: [limited({ concurrency: 1 })],
    })
    const inFlight = send(gateway.url, { headers: globexHeaders })
    const held = await upstream.next()
    await gateway.reload()
    const refused = await send(gateway.url, { headers: globexHeaders })
    assert.equal(problemOf(refused).code, 'concurrency-exceeded')
    held.answer()
    assert.equal((await inFlight).status, 200)
    const again = send(gateway.url, { headers: globexHeaders })
    ;(await upstream.next()).answer()
    assert.equal((await again).status, 200)
  })

  test('nonces, so that a signed request cannot be sent again', async () => {
    await using magento = await startMagento()
    await using gateway = await startReloadable({
      magentoUrl: magento.url,
      integrations: [
        {
          ...acme,
          credentials: {
            signature: {
              scheme: 'canonical',
              secrets: [{ id: 'k1', value: 'env:ACME_HMAC_SECRET' }],
            },
          },
        },
      ],
    })
    const path = '/rest/V1/products/24-MB01'
    const headers = { 'X-Integration-Id': acme.name, ...canonicalFields({ path }) }
    assert.equal((await send(gateway.url, { path, headers })).status, 200)
    await gateway.reload()
    assert.equal((await send(gateway.url, { path, headers })).status, 401)
    await gateway.stop()
    assert.match(await gateway.auditText(), /"reason":"replayed/)
  })

  test('what an integration used that nobody called between two of them', async () => {
    let signIns = 0
    await using upstream = await startRawUpstream((socket, request) => {
      if (request.includes('/integration/admin/token')) {
        signIns += 1
        answerWith(socket, { status: '401 Unauthorized' })
      } else answerWith(socket, { body: '""' })
    })
    const signingIn = {
      ...acme,
      credentials: { token: 'env:ACME_TOKEN' },
      upstream: { adminToken: { username: 'env:GLOBEX_TOKEN', password: 'env:MAGENTO_TOKEN' } },
    }
    const guarded = {
      ...globex,
      policies: {
        routes: ['POST /V1/integration/customer/token'],
        sensitiveRoutes: { perSubject: '1/h', perAddress: '100/h' },
      },
    }
    await using gateway = await startReloadable({
      magentoUrl: upstream.url,
      integrations: [signingIn, guarded],
    })
    const guess = () =>
      send(
        gateway.url,
        writeOf('{"username":"ada@example.com","password":"a guess"}', {
          path: '/rest/V1/integration/customer/token',
        }),
      )
    const ask = () =>
      send(gateway.url, { headers: { Authorization: `Bearer ${testEnv.ACME_TOKEN}` } })
    assert.deepEqual([(await guess()).status, (await guess()).status], [200, 429])
    assert.equal((await ask()).status, 503)
    await gateway.reload()
    await gateway.reload()
    await gateway.reload()
    assert.equal((await guess()).status, 429)
    assert.equal((await ask()).status, 503)
    assert.equal(signIns, 1)
  })

  test('the limit of an address and its penalty', async () => {
    await using magento = await startMagento()
    await using gateway = await startReloadable({
      magentoUrl: magento.url,
      integrations: [globex],
      gateway: {
        limits: { perAddress: { rate: '1/h', burst: 2, refusals: quietAddresses.refusals } },
      },
    })
    const status = async () => (await send(gateway.url, { headers: globexHeaders })).status
    assert.deepEqual([await status(), await status(), await status()], [200, 200, 429])
    await gateway.reload()
    assert.equal(await status(), 429)
    const refusals = { rate: '1/h', burst: 1, penaltyMs: 3_600_000, longestPenaltyMs: 3_600_000 }
    await gateway.writeSettings({ limits: { perAddress: { ...quietAddresses, refusals } } })
    await gateway.reload()
    // The bucket is as empty as it was, and fills at the new rate.
    while ((await status()) !== 200) await delay(5)
    const guess = async () => (await send(gateway.url)).status
    assert.deepEqual([await guess(), await guess(), await guess()], [401, 401, 429])
    await gateway.reload()
    assert.equal(await guess(), 429)
  })
})

describe('SIGHUP', () => {
  test('reloads, logs each reload once, and goes on where a configuration has faults', async () => {
    await using magento = await startMagento()
    await using files = await reloadableConfig({
      magentoUrl: magento.url,
      integrations: [acme, globex],
    })
    const gateway = await startedProcess(['start', '--config', files.path], files.env)
    await files.removeIntegration('globex-pim')
    gateway.signal('SIGHUP')
    while ((await metricOf(gateway.adminUrl, 'magegate_config_generation')) < 2) await delay(5)
    assert.equal((await send(gateway.url, { headers: globexHeaders })).status, 401)

    await files.write('integrations/broken.yaml', 'name: [')
    gateway.signal('SIGHUP')
    while ((await metricOf(gateway.adminUrl, 'magegate_config_reload_failures_total')) < 1)
      await delay(5)
    assert.equal((await send(gateway.url, { headers: acmeHeaders() })).status, 200)
    assert.equal((await postReload(gateway.adminUrl)).status, 422)
    const { stderr, exitCode } = await gateway.stop()
    assert.equal(exitCode, 0)
    const lines = stderr
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>)
    const [reloaded, ...refused] = lines.filter(({ msg }) => /reloaded/.test(String(msg)))
    assert.equal(reloaded?.generation, 2)
    assert.match(JSON.stringify(reloaded), /"removed":\["globex-pim"\]/)
    assert.equal(refused.length, 2)
    for (const { faults } of refused) assert.match(JSON.stringify(faults), /broken\.yaml/)
  })
})
