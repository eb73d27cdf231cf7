import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ConfigError } from '../../src/config/faults.ts'
import { reportInstead } from '../../src/generation/report-only.ts'
import { policies } from '../../src/pipeline.ts'
import { allow } from '../../src/policy.ts'
import { reject } from '../../src/problem.ts'
import { writeConfig } from '../support/config-directory.ts'
import { acme, gatewaySettings, globex, startGateway, testEnv } from '../support/gateway.ts'
import { startedProcess } from '../support/gateway-process.ts'
import {
  acmeHeaders,
  type ClientRequest,
  globexHeaders,
  problemOf,
  send,
} from '../support/http-client.ts'
import { scrape } from '../support/metrics.ts'
import { startRawUpstream } from '../support/raw-upstream.ts'
import { requestContext } from '../support/request.ts'
import { services } from '../support/services.ts'
import { shopDocument } from '../support/shop-document.ts'

const product = 'POST /V1/products'
const settings = {
  ...globex.policies,
  rateLimit: { routes: { 'GET /V1/orders/:id': { quota: '1/month' } } },
  sensitiveRoutes: { perAddress: '1/h', perSubject: '1/h' },
  requestSchema: { [product]: 'product.json' },
  routes: [...globex.policies.routes, 'POST /V1/integration/customer/token'],
}
const json = { ...globexHeaders, 'Content-Type': 'application/json' }
const post = { method: 'POST', path: '/rest/V1/products', headers: json }

/** What each policy refuses; where it takes more than one request, the last one. */
const refused: Readonly<Record<string, readonly ClientRequest[]>> = {
  'rate-limit': Array.from({ length: 2 }, () => ({
    headers: globexHeaders,
    path: '/rest/V1/orders/1',
  })),
  'route-grant': [{ headers: globexHeaders, path: '/rest/V1/customers/1' }],
  'json-body': [{ ...post, body: '{"sku":1,"sku":2}' }],
  'known-attacks': [{ ...post, body: '{"sku":"x","sourceData":{}}' }],
  'sensitive-routes': Array.from({ length: 2 }, () => ({
    ...post,
    path: '/rest/V1/integration/customer/token',
    body: '{"username":"jane"}',
  })),
  'search-criteria': [
    { headers: globexHeaders, path: '/rest/V1/products?searchCriteria[pageSize]=9999' },
  ],
  'request-schema': [{ ...post, body: '{"sku":1}' }],
}
const schemas = { 'product.json': { type: 'object', properties: { sku: { type: 'string' } } } }

async function startWith(magentoUrl: string, extra: object, magentoSchema?: unknown) {
  return startGateway({
    magentoUrl,
    schemas,
    integrations: [{ ...globex, policies: settings, ...extra }],
    ...(magentoSchema !== undefined && { magentoSchema }),
  })
}

async function sendAll(url: string, requests: readonly ClientRequest[]) {
  let last: Awaited<ReturnType<typeof send>> | undefined
  for (const request of requests) last = await send(url, request)
  assert.ok(last)
  return last
}

describe('a policy that only reports lets pass what it would refuse, and says so', () => {
  for (const [policy, requests] of Object.entries(refused)) {
    test(policy, async () => {
      await using upstream = await startRawUpstream()
      await using enforcing = await startWith(upstream.url, {})
      const { code } = problemOf(await sendAll(enforcing.url, requests))
      await using reporting = await startWith(upstream.url, { reportOnly: true })
      assert.equal((await sendAll(reporting.url, requests)).status, 200)
      const records = await reporting.auditRecords(requests.length)
      const reported = records.flatMap((record) => record.reported ?? [])
      const own = reported.filter((each) => each.policy === policy)
      assert.deepEqual(
        own.map((each) => each.code),
        [code],
      )
      const { value } = await scrape(reporting)
      const labels = `{integration="globex-pim",policy="${policy}",code="${code}"}`
      assert.equal(value(`magegate_reported_refusals_total${labels}`), 1)
    })
  }

  test('magento-schema', async () => {
    await using upstream = await startRawUpstream()
    await using gateway = await startWith(upstream.url, { reportOnly: true }, shopDocument)
    assert.equal((await send(gateway.url, { ...post, body: '{"unknown":1}' })).status, 200)
    const [record] = await gateway.auditRecords(1)
    assert.ok(record?.reported?.some(({ policy }) => policy === 'magento-schema'))
  })

  test('and there is no other that can', () => {
    const reportable = policies.filter((policy) => 'isReportable' in policy)
    assert.deepEqual(
      reportable.map(({ name }) => name).sort(),
      [...Object.keys(refused), 'magento-schema'].sort(),
    )
    for (const { stage } of reportable) assert.equal(stage, 'authorize')
  })
})

test('a limit that only reports is told to nobody, and holds for no path of the gateway either', async () => {
  await using upstream = await startRawUpstream()
  const rateLimit = { quota: '1/month', legacyHeaders: true }
  const trying = {
    ...globex,
    reportOnly: ['rate-limit'],
    policies: { ...globex.policies, rateLimit },
  }
  await using gateway = await startGateway({ magentoUrl: upstream.url, integrations: [trying] })
  for (const path of ['/openapi.json', '/openapi.json', '/rest/V1/products/a']) {
    const { status, headers } = await send(gateway.url, { path, headers: globexHeaders })
    assert.equal(status, 200)
    assert.deepEqual(
      Object.keys(headers).filter((name) => name.includes('ratelimit')),
      [],
    )
  }
  const nowhere = { headers: globexHeaders, method: 'POST', path: '/openapi.json' }
  assert.equal(problemOf(await send(gateway.url, nowhere)).code, 'route-not-granted')
  const records = await gateway.auditRecords(4)
  assert.deepEqual(
    records.map(({ reported = [] }) => reported.map(({ code }) => code)),
    [[], ['quota-exceeded'], ['quota-exceeded'], ['quota-exceeded']],
  )
  const { value } = await scrape(gateway)
  const labels = (mode: string) => `{integration="globex-pim",limit="quota/month",mode="${mode}"}`
  const counts = ['reported', 'enforced'].map((mode) =>
    value(`magegate_limit_exceeded_total${labels(mode)}`),
  )
  assert.deepEqual(counts, [3, undefined])
})

test('only what is listed reports, the rest refuses', async () => {
  await using upstream = await startRawUpstream()
  await using gateway = await startWith(upstream.url, { reportOnly: ['request-schema'] })
  assert.equal((await send(gateway.url, { ...post, body: '{"sku":1}' })).status, 200)
  const other = await send(gateway.url, { headers: globexHeaders, path: '/rest/V1/customers/1' })
  assert.equal(problemOf(other).code, 'route-not-granted')
  assert.equal(upstream.requests.length, 1)
})

test('a mapping gets no body that could not be read, even where that is only reported or allowed', async () => {
  await using upstream = await startRawUpstream()
  const route = 'PUT /V1/erp/articles/:number'
  await using gateway = await startGateway({
    magentoUrl: upstream.url,
    endpoints: {
      article: {
        route,
        call: {
          route: 'PUT /V1/products/:number',
          body: '{ "product": { "status": body.active ? 1 : 2 } }',
        },
      },
    },
    integrations: [
      {
        ...globex,
        reportOnly: true,
        policies: { routes: [route], jsonBody: { otherTypes: { [route]: ['application/xml'] } } },
      },
    ],
  })
  const article = { method: 'PUT', path: '/rest/V1/erp/articles/7' }
  for (const { type, body } of [
    { type: 'application/json', body: '{"active":true,"active":true}' },
    { type: 'application/xml', body: '<active>1</active>' },
  ]) {
    const headers = { ...globexHeaders, 'Content-Type': type }
    const answer = await send(gateway.url, { ...article, headers, body })
    assert.deepEqual([answer.status, problemOf(answer).code], [400, 'invalid-body'], type)
  }
  assert.equal(upstream.requests.length, 0)
  await send(gateway.url, { ...article, headers: json, body: '{"active":true}' })
  assert.match(upstream.requests[0] ?? '', /"status":1/)
})

test('who the caller is, and what is done once, is never only reported', async () => {
  await using upstream = await startRawUpstream()
  await using gateway = await startGateway({
    magentoUrl: upstream.url,
    integrations: [
      { ...acme, reportOnly: true },
      {
        ...globex,
        reportOnly: true,
        policies: { ...globex.policies, endpoints: 'compose', ipAllowlist: ['203.0.113.1'] },
      },
    ],
  })
  const refusals = [
    {},
    { headers: { ...acmeHeaders(), 'X-Signature': '0'.repeat(64) } },
    { headers: globexHeaders },
    { headers: acmeHeaders(), path: '/rest/V1/../x' },
    { headers: acmeHeaders(), method: 'POST', path: '/openapi.json' },
  ]
  const statuses: number[] = []
  for (const refusal of refusals) statuses.push((await send(gateway.url, refusal)).status)
  assert.deepEqual(statuses, [401, 401, 403, 400, 403])
  const repeat = {
    method: 'POST',
    path: '/rest/V1/products',
    headers: { ...acmeHeaders('{}'), 'Content-Type': 'application/json' },
    body: '{}',
  }
  assert.equal((await send(gateway.url, repeat)).status, 200)
  assert.equal((await send(gateway.url, repeat)).status, 401)
  assert.equal(upstream.requests.length, 1)
})

test('the log says which policy would refuse, whether the integration or the policy has it only reported', async () => {
  await using upstream = await startRawUpstream()
  const mode = 'reportOnly'
  await using files = await writeConfig({
    gateway: gatewaySettings({ magentoUrl: upstream.url }, '/dev/null'),
    integrations: {
      globex: {
        ...globex,
        reportOnly: ['route-grant'],
        policies: { ...globex.policies, magentoSchema: { mode }, searchCriteria: { mode } },
      },
    },
    magentoSchema: shopDocument,
  })
  const gateway = await startedProcess(['start', '--config', files.path], testEnv)
  for (const path of ['carts/1', 'products?searchCriteria[pageSize]=9999']) {
    await send(gateway.url, { headers: globexHeaders, path: `/rest/V1/${path}` })
  }
  const { stderr } = await gateway.stop()
  const logged = stderr
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
  assert.deepEqual(
    logged.map(({ msg, integration, policy, code }) => [msg, integration, policy, code]),
    [
      ['route-grant', 'route-not-granted'],
      ['magento-schema', 'route-not-granted'],
      ['search-criteria', 'query-not-allowed'],
    ].map((refusal) => ['a policy would refuse this request', 'globex-pim', ...refusal]),
  )
})

describe('a configuration is refused that', () => {
  const faulty: Readonly<Record<string, readonly string[]>> = {
    'has authentication only reported': ['signature'],
    'has bodies pass unread by policies that refuse what they read': ['json-body'],
  }
  for (const [what, reportOnly] of Object.entries(faulty)) {
    test(what, async () => {
      await assert.rejects(
        startWith('http://127.0.0.1:9', { reportOnly }),
        (error) =>
          error instanceof ConfigError &&
          error.faults.some(({ pointer }) => pointer.startsWith('/reportOnly')),
      )
    })
  }
})

test('a request without a grant counts for no route, whatever else is only reported of it', async () => {
  await using upstream = await startRawUpstream()
  const searchCriteria = { mode: 'reportOnly' }
  const policies = { ...globex.policies, routes: ['GET /V1/orders/:id'], searchCriteria }
  await using gateway = await startWith(upstream.url, { policies, reportOnly: ['route-grant'] })
  const path = '/rest/V1/products?searchCriteria[pageSize]=9999'
  assert.equal((await send(gateway.url, { headers: globexHeaders, path })).status, 200)
  const { value } = await scrape(gateway)
  const ofNone = '{integration="globex-pim",route="none"'
  assert.equal(value(`magegate_contract_violations_total${ofNone}}`), 1)
  assert.equal(value(`magegate_requests_total${ofNone},status="200",code="none"}`), 1)
})

test('nothing is reported of a request whose caller has left, and whose record is made', () => {
  const told: string[] = []
  const refuse = () => reject('route-not-granted', 'no grant')
  const check = reportInstead('route-grant', refuse, {
    ...services(),
    reportRefusal: ({ requestId }) => void told.push(requestId),
  })
  const [left, waiting] = [requestContext(), requestContext()]
  left.isRecorded = true
  for (const request of [left, waiting]) assert.equal(check(request), allow)
  assert.deepEqual(
    [told.length, left.reported?.length, waiting.reported?.length],
    [1, undefined, 1],
  )
})
