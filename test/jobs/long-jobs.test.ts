import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { globex, startGateway, testEnv } from '../support/gateway.ts'
import { globexHeaders, problemOf, send, writeOf } from '../support/http-client.ts'
import type { ReceivedRequest } from '../support/magento/received-log.ts'
import type { MagentoStandIn } from '../support/magento/stand-in.ts'
import { startMagento } from '../support/magento-for-tests.ts'
import { answerWith, startRawUpstream } from '../support/raw-upstream.ts'
import { type JobsGateway, type JobView, startJobsGateway } from './jobs-gateway.ts'

const many = 10_000
const bulk = '/rest/V1/magefine/inventaire/bulk'
const skus = Array.from({ length: many }, (_, index) => `bulk-${index}`)

describe('a bulk call with 10,000 items', () => {
  let magento: MagentoStandIn
  before(async () => {
    magento = await startMagento({ queue: 'manual', receivedLimit: 100_000 })
    const taken = await send(magento.url, {
      method: 'POST',
      path: '/rest/async/bulk/V1/products',
      headers: {
        Authorization: `Bearer ${testEnv.MAGENTO_TOKEN}`,
        'Content-Type': 'application/json',
      },
      body: JSON.stringify(skus.map((sku) => ({ product: { sku, name: sku } }))),
    })
    assert.equal(taken.status, 202, taken.body)
    assert.equal(await magento.runQueue(), many)
  })
  after(() => magento.close())

  const items = skus.map((sku, index) => ({ sku, qty: index }))
  const settings = (arrayLimit: number) => ({
    gateway: { magento: { sourceCode: 'default', arrayLimit } },
  })
  const post = (jobs: JobsGateway, body: unknown) =>
    jobs.write({ path: bulk, body, headers: { Prefer: '' } })

  test('is accepted as a job, tells how far it is, and goes on where it was after Magento was away', async () => {
    await using jobs = await startJobsGateway(magento.url, {}, settings(250))
    magento.clearReceived()
    let calls = 0
    await magento.setFault({ kind: 'maintenance' }, () => {
      calls += 1
      return calls > 20 && calls < 24
    })
    const accepted = await post(jobs, { items })
    assert.equal(accepted.status, 202, accepted.body)
    const seen: JobView[] = []
    for (;;) {
      const job = await jobs.show(accepted)
      seen.push(job)
      if (!['waiting', 'running'].includes(job.state)) break
    }
    const job = seen.at(-1)
    assert.equal(job?.state, 'done')
    assert.deepEqual(job.progress, { total: many, done: many, failed: 0 })
    assert.deepEqual(
      job.results,
      items.map((item) => ({ ...item, success: true })),
    )
    const steps = seen.map(({ progress }) => progress?.done ?? 0)
    assert.ok(steps.some((done) => done > 0 && done < many))
    assert.deepEqual(
      steps,
      steps.toSorted((one, other) => one - other),
    )
    for (const { sku, qty } of items) assert.equal(magento.stock(sku), qty)
    // What was done before Magento was away is not done again.
    const sets = magento.received.filter(
      ({ method, status }) => method === 'POST' && status === 200,
    )
    assert.equal(sets.length, many / 250)
    await magento.clearFault()
  })

  test('tells of each item what became of it', async () => {
    await using jobs = await startJobsGateway(magento.url, {}, settings(500))
    const some = items.slice(0, 1_001).with(500, { sku: 'gone', qty: 1 })
    const job = await jobs.ended(await post(jobs, { items: some }))
    assert.equal(job.state, 'partial')
    assert.deepEqual(job.progress, { total: 1_001, done: 1_001, failed: 1 })
    assert.deepEqual(job.results?.[500], {
      sku: 'gone',
      qty: 1,
      success: false,
      message: 'Product not found: gone',
    })
  })

  for (const [kind, magentoSettings] of [
    ['source items', { sourceCode: 'default' }],
    ['stock items', {}],
  ] as const) {
    test(`as ${kind}, is a dead letter where Magento takes the credentials no more, and keeps what was set`, async () => {
      const own = { url: magento.url, circuitBreaker: { mode: 'off' }, ...magentoSettings }
      await using jobs = await startJobsGateway(
        magento.url,
        {},
        { gateway: { magento: { ...own, arrayLimit: 1 } } },
      )
      const isSecond = ({ body }: ReceivedRequest) => /7\.25/.test(body.toString())
      const body = '{"message":"The consumer isn\'t authorized."}'
      await magento.setFault({ kind: 'echo', status: 401, body }, isSecond)
      const some = [
        { sku: 'bulk-1', qty: 7 },
        { sku: 'bulk-2', qty: 7.25 },
        { sku: 'bulk-3', qty: 7 },
      ]
      const headers = { Prefer: 'respond-async' }
      const job = await jobs.ended(await jobs.write({ path: bulk, body: { items: some }, headers }))
      await magento.clearFault()
      assert.equal(job.state, 'partial')
      assert.equal(job.attempts, 1)
      assert.deepEqual(job.results, [{ ...some[0], success: true }])
      assert.equal(job.answer?.status, 401)
      // What has a failure of this code can be put back.
      assert.equal(job.failure?.code, 'upstream-error')
    })
  }

  test('with fewer items is answered at once, and with more than 10,000 or one twice is refused', async () => {
    await using jobs = await startJobsGateway(magento.url, {}, settings(500))
    const twice = [...items.slice(0, 1_001), { sku: 'BULK-0', qty: 1 }]
    const refused = await post(jobs, { items: twice })
    assert.equal(refused.status, 400)
    assert.match(String(problemOf(refused).message), /the SKU BULK-0 occurs twice/)
    const few = await post(jobs, { items: items.slice(0, 1_000) })
    assert.equal(few.status, 200)
    const tooMany = await post(jobs, { items: [...items, { sku: 'one more', qty: 1 }] })
    assert.equal(tooMany.status, 400)
    assert.match(String(problemOf(tooMany).message), /1 to 10000/)
  })
})

describe("a route whose engine is Magento's own", () => {
  let magento: MagentoStandIn
  let jobs: JobsGateway
  before(async () => {
    magento = await startMagento({ queue: 'manual' })
    jobs = await startJobsGateway(magento.url, {
      'POST /V1/products': { mode: 'always', engine: 'magento' },
    })
  })
  after(async () => {
    await jobs[Symbol.asyncDispose]()
    await magento.close()
  })
  const post = (body: unknown, path = '/rest/V1/products') =>
    jobs.write({ path, body, headers: { Prefer: '' } })

  test('is followed until Magento has carried it out', async () => {
    magento.clearReceived()
    const accepted = await post({ product: { sku: 'followed', name: 'x', secret: 'hidden' } })
    assert.equal(accepted.status, 202)
    assert.equal(accepted.headers['preference-applied'], undefined)
    await magento.nextRequests(3)
    const running = await jobs.show(accepted)
    assert.equal(running.state, 'running')
    assert.deepEqual(running.progress, { total: 1, done: 0, failed: 0 })
    await magento.runQueue()
    const job = await jobs.ended(accepted)
    assert.equal(job.state, 'done')
    assert.equal(job.attempts, 1)
    assert.deepEqual(job.progress, { total: 1, done: 1, failed: 0 })
    const [first, ...rest] = magento.received
    assert.equal(first?.rawTarget, '/rest/async/V1/products')
    assert.ok(rest.every(({ rawTarget }) => /\/V1\/bulk\/[^/]+\/detailed-status\?/.test(rawTarget)))
  })

  test('is one operation for each element of an array, and never shows what was sent', async () => {
    const body = [{ product: { sku: 'good', name: 'x', password: 'p4ssw0rd' } }, { product: {} }]
    const accepted = await post(body, '/rest/default/V1/products')
    await magento.nextRequests(2)
    await magento.runQueue()
    const job = await jobs.ended(accepted)
    assert.equal(job.state, 'partial')
    assert.deepEqual(
      job.results?.map(({ success }) => success),
      [true, false],
    )
    assert.doesNotMatch(JSON.stringify(job), /p4ssw0rd|serialized/)
    assert.ok(
      magento.received.some(
        ({ rawTarget }) => rawTarget === '/rest/default/async/bulk/V1/products',
      ),
    )
  })
})

test('without jobs, more items than can be answered at once are refused', async () => {
  await using magento = await startMagento()
  await using gateway = await startGateway({
    magentoUrl: magento.url,
    integrations: [{ ...globex, policies: { routes: ['POST /V1/magefine/inventaire/bulk'] } }],
  })
  const items = skus.slice(0, 1_001).map((sku) => ({ sku, qty: 1 }))
  const answer = await send(
    gateway.url,
    writeOf({ items }, { path: bulk, headers: { Prefer: 'respond-async' } }),
  )
  assert.equal(answer.status, 400)
  assert.match(String(problemOf(answer).message), /more items/)
  assert.equal((JSON.parse(answer.body) as { success?: unknown }).success, false)
  const job = await send(gateway.url, { path: '/rest/V1/jobs/any', headers: globexHeaders })
  assert.equal(problemOf(job).code, 'route-not-granted')
})

test('asks Magento again for its progress if an answer cannot be read', async () => {
  const answers = [
    '{"bulk_uuid":"a","request_items":[{"id":0}]}',
    '{"operations_list":[null]}',
    '{"operations_list":[{"id":0,"status":1}]}',
  ]
  await using upstream = await startRawUpstream((socket) => {
    answerWith(socket, { body: answers.shift() ?? '' })
  })
  await using jobs = await startJobsGateway(upstream.url, {
    'POST /V1/products': { mode: 'always', engine: 'magento' },
  })
  const job = await jobs.ended(await jobs.write({ body: {}, headers: { Prefer: '' } }))
  assert.equal(job.state, 'done')
})
