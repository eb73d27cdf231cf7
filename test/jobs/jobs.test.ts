import assert from 'node:assert/strict'
import { rm } from 'node:fs/promises'
import { after, before, beforeEach, describe, test } from 'node:test'
import type { Worker } from 'node:worker_threads'
import { type GatewayOptions, globex } from '../support/gateway.ts'
import {
  acmeHeaders,
  type ClientAnswer,
  globexHeaders,
  problemOf,
  send,
} from '../support/http-client.ts'
import type { MagentoStandIn } from '../support/magento/stand-in.ts'
import { startMagento } from '../support/magento-for-tests.ts'
import { scrape, scrapeUntil } from '../support/metrics.ts'
import { answerWith, startRawUpstream } from '../support/raw-upstream.ts'
import { type JobsGateway, jobTestRoutes, startJobsGateway } from './jobs-gateway.ts'

const product = { product: { sku: '24-MB01', price: 35 } }
const stock = (sku: string, quantity: number) => ({
  sourceItems: [{ sku, source_code: 'default', quantity, status: 1 }],
})
const sourceItems = '/rest/V1/inventory/source-items'

describe('a write that may be carried out later', () => {
  let magento: MagentoStandIn
  let jobs: JobsGateway
  before(async () => {
    magento = await startMagento()
    jobs = await startJobsGateway(magento.url, {
      'PUT /V1/products/:sku': { inOrderOf: [':sku'] },
      'DELETE /V1/products/:sku': { mode: 'never' },
    })
  })
  after(async () => {
    await jobs[Symbol.asyncDispose]()
    await magento.close()
  })
  beforeEach(() => magento.reset())

  test('is answered 202 with its place, and shows what Magento answered when it is done', async () => {
    const accepted = await jobs.write({ body: product })
    assert.equal(accepted.status, 202, accepted.body)
    assert.equal(accepted.headers['preference-applied'], 'respond-async')
    const { jobId, state, location } = JSON.parse(accepted.body)
    assert.equal(location, `/rest/V1/jobs/${jobId}`)
    assert.equal(accepted.headers.location, location)
    assert.equal(state, 'waiting')
    const job = await jobs.ended(accepted)
    assert.equal(job.state, 'done')
    assert.equal(job.jobId, jobId)
    assert.equal(job.attempts, 1)
    assert.equal(job.answer?.status, 200)
    assert.equal((job.answer?.body as { sku: string } | undefined)?.sku, '24-MB01')
    assert.equal(magento.received.length, 1)
  })

  test('is sent like a forwarded request, without the header Prefer', async () => {
    const headers = { 'X-Own': 'kept', 'User-Agent': 'erp/1', Cookie: 'PHPSESSID=1' }
    await jobs.write({
      path: '/rest/default/V1/products?fields=sku',
      body: product,
      headers: { ...headers, Prefer: '' },
    })
    const accepted = await jobs.write({
      path: '/rest/default/V1/products?fields=sku',
      body: product,
      headers,
    })
    assert.match(String(accepted.headers.location), /^\/rest\/default\/V1\/jobs\//)
    await jobs.ended(accepted)
    const [now, later] = magento.received.map(({ rawTarget, rawHeaders, body }) => {
      const pairs = rawHeaders.flatMap((name, index) =>
        index % 2 === 0 ? [[name.toLowerCase(), rawHeaders[index + 1]] as const] : [],
      )
      const changing = ['prefer', 'x-request-id', 'traceparent', 'connection', 'content-length']
      return {
        rawTarget,
        body: body.toString(),
        headers: Object.fromEntries(pairs.filter(([name]) => !changing.includes(name)).sort()),
      }
    })
    assert.deepEqual(later, now)
  })

  test('is carried out at once where nobody asks for more', async () => {
    const answer = await jobs.write({ body: product, headers: { Prefer: 'wait=10' } })
    assert.equal(answer.status, 200)
    assert.equal(answer.headers.location, undefined)
  })

  test('is carried out at once where its route says never', async () => {
    const answer = await jobs.write({ method: 'DELETE', path: '/rest/V1/products/my-sku-123' })
    assert.equal(answer.status, 200, answer.body)
  })

  test('is refused by the policies before it is accepted', async () => {
    const answer = await jobs.write({ path: '/rest/V1/orders', body: {} })
    assert.equal(answer.status, 403)
    assert.equal(magento.received.length, 0)
  })

  test('shows what Magento refused', async () => {
    const job = await jobs.ended(
      await jobs.write({ method: 'PUT', path: '/rest/V1/products/A%2FB', body: { product: 'no' } }),
    )
    assert.equal(job.state, 'failed')
    assert.equal(job.attempts, 1)
    assert.ok(Number(job.answer?.status) >= 400)
  })

  test('waits while Magento is in maintenance, and is done after it', async () => {
    await magento.setFault({ kind: 'maintenance' })
    const accepted = await jobs.write({ path: sourceItems, body: stock('24-MB01', 77) })
    assert.equal(accepted.status, 202)
    await magento.nextRequests(2)
    const waiting = await jobs.show(accepted)
    assert.ok(['waiting', 'running'].includes(waiting.state))
    await magento.clearFault()
    const job = await jobs.ended(accepted)
    assert.equal(job.state, 'done')
    assert.ok(job.attempts >= 3)
    assert.equal(magento.stock('24-MB01'), 77)
  })

  test('waits while Magento refuses connections, and is done afterwards', async () => {
    await magento.setFault({ kind: 'refuse' })
    const accepted = await jobs.write({ body: product })
    while ((await jobs.show(accepted)).attempts < 2);
    await magento.clearFault()
    assert.equal((await jobs.ended(accepted)).state, 'done')
    assert.equal(magento.received.length, 1)
  })

  test('is not sent again when nobody knows what became of it: an Idempotency-Key makes no difference', async () => {
    await magento.setFault({ kind: 'reset-mid-body' })
    for (const headers of [{}, { 'Idempotency-Key': '"not-sent-again"' }]) {
      magento.clearReceived()
      const job = await jobs.ended(await jobs.write({ body: product, headers }))
      assert.equal(job.state, 'failed')
      assert.equal(job.failure?.code, 'upstream-failed')
      assert.equal(magento.received.length, 1)
    }
  })

  test('is sent again in that case if it is repeatable', async () => {
    let answered = 0
    await magento.setFault({ kind: 'reset-mid-body' }, () => {
      answered += 1
      return answered === 1
    })
    const job = await jobs.ended(
      await jobs.write({ path: sourceItems, body: stock('24-MB01', 12) }),
    )
    assert.equal(job.state, 'done')
    assert.equal(job.attempts, 2)
    assert.equal(magento.stock('24-MB01'), 12)
  })

  test('waits for as long as Magento asks it to', async () => {
    let answered = 0
    await magento.setFault({ kind: 'unavailable', retryAfter: 1 }, () => {
      answered += 1
      return answered === 1
    })
    const job = await jobs.ended(await jobs.write({ body: product }))
    assert.equal(job.state, 'done')
    const [first, second] = magento.received
    assert.ok(Number(second?.time) - Number(first?.time) >= 1_000)
  })

  test('waits for earlier jobs about the same entity, and for no others', async () => {
    await magento.setFault({ kind: 'maintenance' }, '/rest/V1/products/A')
    const put = (sku: string, price: number) =>
      jobs.write({
        method: 'PUT',
        path: `/rest/V1/products/${sku}`,
        body: { product: { sku: decodeURIComponent(sku), price } },
      })
    const first = await put('A%2FB', 1)
    const second = await put('A%2FB', 2)
    const other = await put('24-MB01', 3)
    assert.equal((await jobs.ended(other)).state, 'done')
    assert.equal((await jobs.show(second)).attempts, 0)
    await magento.clearFault()
    magento.clearReceived()
    assert.equal((await jobs.ended(second)).state, 'done')
    assert.equal((await jobs.ended(first)).state, 'done')
    const prices = magento.received.map(({ body }) => JSON.parse(body.toString()).product.price)
    assert.deepEqual(prices, [1, 2])
  })

  test('is seen by its owner only', async () => {
    const accepted = await jobs.write({ body: product })
    const path = String(accepted.headers.location)
    const other = await send(jobs.gateway.url, { path, headers: acmeHeaders() })
    assert.equal(other.status, 404)
    assert.equal(problemOf(other).code, 'job-not-found')
    const cancel = await send(jobs.gateway.url, { method: 'DELETE', path, headers: acmeHeaders() })
    assert.equal(cancel.status, 404)
    const nobody = await send(jobs.gateway.url, {
      path: '/rest/V1/jobs/00000000-0000-4000-8000-000000000000',
      headers: globexHeaders,
    })
    assert.equal(nobody.status, 404)
    await jobs.ended(accepted)
  })

  test('can be cancelled until it has begun', async () => {
    await magento.setFault({ kind: 'maintenance' })
    const accepted = await jobs.write({ body: product })
    const path = String(accepted.headers.location)
    // It asks for a job itself, which changes nothing.
    const cancel = () => jobs.write({ method: 'DELETE', path })
    let answer = await cancel()
    // An attempt may be under way just then.
    while (answer.status === 409) answer = await cancel()
    assert.equal(answer.status, 200)
    const { state, nextAttemptAt } = JSON.parse(answer.body)
    assert.deepEqual([state, nextAttemptAt], ['cancelled', undefined])
    await magento.clearFault()
    const again = await cancel()
    assert.equal(again.status, 409)
    assert.equal(problemOf(again).code, 'job-begun')
    assert.equal((await jobs.show(accepted)).state, 'cancelled')
    const { value } = await scrape(jobs.gateway)
    const ended = 'magegate_jobs_ended_total{integration="globex-pim",state="cancelled"}'
    assert.equal(value(ended), 1)
    assert.match(await jobs.gateway.auditText(), /"reason":"job cancelled"/)
  })

  test('is one job for each Idempotency-Key, and a repeat gets the same Location', async () => {
    const headers = { 'Idempotency-Key': '"once"' }
    const first = await jobs.write({ body: product, headers })
    const second = await jobs.write({ body: product, headers })
    assert.equal(second.status, 202)
    assert.equal(second.headers['idempotency-replayed'], 'true')
    assert.equal(second.headers.location, first.headers.location)
    assert.equal(second.headers['preference-applied'], 'respond-async')
    const third = await jobs.write({ body: product, headers: { ...headers, Prefer: '' } })
    assert.deepEqual([third.status, third.headers.location], [202, first.headers.location])
    assert.equal(third.headers['preference-applied'], undefined)
    await jobs.ended(first)
    assert.equal(magento.received.length, 1)
  })

  test('is in the audit trail twice: when it is accepted, and when it is over', async () => {
    const accepted = await jobs.write({ body: product })
    const { jobId } = JSON.parse(accepted.body)
    await jobs.ended(accepted)
    for (;;) {
      const lines = (await jobs.gateway.auditText()).split('\n').slice(0, -1)
      const records = lines
        .map((line) => JSON.parse(line))
        .filter(({ jobIds, method }) => jobIds?.includes(jobId) && method === 'POST')
      if (records.length < 2) continue
      const [request, end] = records
      assert.equal(request.status, 202)
      assert.equal(request.event, undefined)
      assert.equal(end.event, 'job-ended')
      assert.equal(end.upstreamStatus, 200)
      assert.match(String(end.upstreamMs), /^\d+(?:\.\d{1,3})?$/)
      assert.equal(end.requestId, request.requestId)
      assert.equal(end.integration, 'globex-pim')
      break
    }
  })

  test('is counted', async () => {
    await jobs.ended(await jobs.write({ body: product }))
    const { value } = await scrape(jobs.gateway)
    const ofGlobex = (name: string, label = '') =>
      Number(value(`magegate_jobs_${name}_total{integration="globex-pim"${label}}`))
    assert.ok(ofGlobex('accepted') > 0)
    assert.ok(ofGlobex('ended', ',state="done"') > 0)
    assert.ok(ofGlobex('attempts', ',outcome="done"') > 0)
    assert.notEqual(value('magegate_jobs{state="waiting"}'), undefined)
    assert.notEqual(value('magegate_jobs_oldest_age_seconds'), undefined)
  })

  test('is shown in the OpenAPI document, with what its owner may do with it', async () => {
    const { body } = await send(jobs.gateway.url, {
      path: '/openapi.json',
      headers: globexHeaders,
    })
    const { paths } = JSON.parse(body)
    assert.deepEqual(Object.keys(paths['/rest/V1/jobs/{id}']), ['get', 'delete'])
    assert.ok(paths['/rest/V1/products'].post.responses[202])
    assert.equal(paths['/rest/V1/products/{sku}'].get.responses[202], undefined)
  })
})

describe('jobs', () => {
  let magento: MagentoStandIn
  before(async () => {
    magento = await startMagento()
  })
  after(() => magento.close())
  beforeEach(() => magento.reset())

  test('beyond the most that may wait are refused, and nothing is carried out', async () => {
    const gateway = { jobs: { maxWaiting: 1, retry: { firstMs: 60_000, longestMs: 60_000 } } }
    await using jobs = await startJobsGateway(magento.url, {}, { gateway })
    await magento.setFault({ kind: 'maintenance' })
    const headers = { 'Idempotency-Key': '"again"' }
    let accepted = 0
    for (;;) {
      const answer = await jobs.write({
        body: product,
        headers: { 'Idempotency-Key': `"${accepted}"` },
      })
      if (answer.status !== 202) {
        assert.equal(answer.status, 503)
        assert.equal(problemOf(answer).code, 'jobs-unavailable')
        assert.equal(answer.headers['retry-after'], '30')
        break
      }
      accepted += 1
    }
    assert.ok(accepted >= 1)
    // A key is not used up by what was not accepted.
    assert.equal((await jobs.write({ body: product, headers })).status, 503)
    assert.equal((await jobs.write({ body: product, headers })).status, 503)
    assert.doesNotMatch(await jobs.gateway.auditText(), /the first request under this key/)
  })

  test('of one integration leave room for those of others', async () => {
    const policies = { routes: jobTestRoutes }
    await using jobs = await startJobsGateway(
      magento.url,
      {},
      {
        gateway: {
          jobs: { maxWaiting: 16, concurrency: 1, retry: { firstMs: 60_000, longestMs: 60_000 } },
        },
        integrations: [
          { ...globex, policies },
          { ...globex, name: 'other', credentials: { token: 'env:OTHER_TOKEN' }, policies },
        ],
        env: { OTHER_TOKEN: 'other-token-1b44d0a7c2' },
      },
    )
    await magento.setFault({ kind: 'maintenance' })
    while ((await jobs.write({ body: product })).status === 202);
    const headers = { Authorization: 'Bearer other-token-1b44d0a7c2' }
    assert.equal((await jobs.write({ body: product, headers })).status, 202)
  })

  /** Has a gateway accept a job of the route of articles, and stops it again. */
  async function acceptedBy(options: Partial<GatewayOptions>): Promise<ClientAnswer> {
    await using jobs = await startJobsGateway(magento.url, {}, options)
    return await jobs.write({ path: '/rest/V1/erp/articles', body: product.product })
  }

  test('whose attempt comes upon a defect end as failed, and are told and kept as dead letters', async () => {
    const route = 'POST /V1/erp/articles'
    const optionsWith = (body: string) => ({
      integrations: [{ ...globex, policies: { routes: [route] } }],
      endpoints: { article: { route, call: { route: 'POST /V1/products', body } } },
    })
    // The mapping is tried when a job is accepted, so another gateway on the same file accepts it with one that works.
    await using jobs = await startJobsGateway(magento.url, {}, optionsWith('$error("broken")'))
    await magento.setFault({ kind: 'maintenance' })
    const accepted = await acceptedBy({
      ...optionsWith('body'),
      gateway: { jobs: { file: jobs.file } },
    })
    const job = await jobs.ended(accepted)
    assert.equal(job.state, 'failed')
    assert.equal(job.failure?.code, 'internal-error')
    await scrapeUntil(jobs.gateway, ({ value }) => value('magegate_jobs{state="dead"}') === 1)
    const text = await jobs.gateway.auditText()
    assert.equal(text.split('\n').filter((line) => line.includes('"job-ended"')).length, 1)
  })

  test('whose file is lost to the process are refused, and it tells that it is not ready', async () => {
    const started: Worker[] = []
    const note = (worker: Worker) => void started.push(worker)
    process.on('worker', note)
    await using jobs = await startJobsGateway(magento.url)
    process.off('worker', note)
    const ready = () => fetch(`${jobs.gateway.adminUrl}/readyz`)
    assert.equal((await ready()).status, 200)
    const [thread] = started
    assert.equal(started.length, 1)
    await thread?.terminate()
    const answer = await jobs.write({ body: product })
    assert.equal(answer.status, 503)
    assert.equal(problemOf(answer).code, 'jobs-unavailable')
    for (const [method, detail] of [
      ['GET', 'The job cannot be shown right now.'],
      ['DELETE', 'It is not known whether the job has been cancelled. The same request will tell.'],
    ] as const) {
      const path = '/rest/V1/jobs/018f3c1e-5a2b-4c3d-8e4f-0123456789ab'
      const asked = await send(jobs.gateway.url, { method, path, headers: globexHeaders })
      assert.equal(asked.status, 503)
      assert.equal(problemOf(asked).detail, detail)
    }
    const unready = await ready()
    assert.equal(unready.status, 503)
    const { reasons } = (await unready.json()) as { readonly reasons: readonly string[] }
    assert.deepEqual(reasons, ['the file of jobs is lost until a restart'])
    assert.equal(magento.received.length, 0)
  })

  test('are refused where their file was deleted, but those that it has are carried out', async () => {
    await using jobs = await startJobsGateway(magento.url)
    await magento.setFault({ kind: 'maintenance' })
    const accepted = await jobs.write({ body: product })
    await rm(jobs.file)
    const answer = await jobs.write({ body: product })
    assert.equal(answer.status, 503)
    assert.equal(problemOf(answer).code, 'jobs-unavailable')
    await magento.clearFault()
    assert.equal((await jobs.ended(accepted)).state, 'done')
    assert.equal(
      magento.received.some(({ method }) => method === 'POST'),
      true,
    )
    let unready: Response
    do unready = await fetch(`${jobs.gateway.adminUrl}/readyz`)
    while (unready.ok)
    const { reasons } = (await unready.json()) as { readonly reasons: readonly string[] }
    assert.deepEqual(reasons, ['the file of jobs is lost until a restart'])
    // An alert goes by it: a balancer sends no more jobs that could be refused.
    await scrapeUntil(jobs.gateway, ({ value }) => value('magegate_jobs_away') === 1)
  })

  test('of an integration that passes the credential of its caller on are carried out at once', async () => {
    const integrations = [
      {
        ...globex,
        upstream: { passthrough: true },
        policies: { routes: ['POST /V1/products'] },
      },
    ]
    await using jobs = await startJobsGateway(magento.url, {}, { integrations })
    const answer = await jobs.write({ body: product })
    assert.equal(answer.status, 401, 'the answer of Magento, which does not know the token')
    assert.equal(magento.received.length, 1)
  })

  test('are not what Magento has accepted itself: it is told again as it was, though a job is asked for', async () => {
    const text = '{"bulk_uuid":"a","location":"/rest/V1/elsewhere"}'
    await using upstream = await startRawUpstream((socket) => {
      const headers = { 'Content-Type': 'application/json' }
      answerWith(socket, { status: '202 Accepted', headers, body: text })
    })
    const integrations = [{ ...globex, policies: { routes: ['POST /async/V1/products'] } }]
    await using jobs = await startJobsGateway(upstream.url, {}, { integrations })
    const write = (prefer: string) =>
      jobs.write({
        path: '/rest/async/V1/products',
        body: product,
        headers: { 'Idempotency-Key': '"of Magento"', Prefer: prefer },
      })
    assert.equal((await write('')).status, 202)
    const again = await write('respond-async')
    assert.deepEqual([again.status, again.body], [202, text])
    assert.equal(again.headers['idempotency-replayed'], 'true')
    assert.equal(again.headers.location, undefined)
    assert.equal(upstream.requests.length, 1)
  })

  test('that Magento refuses to take from the integration become dead letters', async () => {
    const env = { MAGENTO_TOKEN: 'a-token-that-was-revoked' }
    await using jobs = await startJobsGateway(magento.url, {}, { env })
    const job = await jobs.ended(await jobs.write({ body: product }))
    assert.equal(job.state, 'failed')
    assert.equal(job.answer?.status, 401)
    await scrapeUntil(jobs.gateway, ({ value }) => value('magegate_jobs{state="dead"}') === 1)
  })
})
