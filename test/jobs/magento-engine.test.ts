import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { JobRequest } from '../../src/jobs/job-payload.ts'
import { asyncPath, readTakenBulk } from '../../src/jobs/magento-bulk.ts'
import { send, writeOf } from '../support/http-client.ts'
import { scrapeUntil } from '../support/metrics.ts'
import { answerWith, startRawUpstream } from '../support/raw-upstream.ts'
import { type JobView, startJobsGateway } from './jobs-gateway.ts'

const rules = { 'POST /V1/products': { mode: 'always', engine: 'magento' } }
const accepted = { id: 0, status: 'accepted' }
const rejected = { id: 1, status: 'rejected', error_message: 'no such SKU', error_code: 400 }

/** Has a Magento that gives these answers in turn, the last one for good, carry two products out. */
async function carryOut(...answers: readonly object[]) {
  let asked = 0
  await using magento = await startRawUpstream((socket) => {
    const body = JSON.stringify(answers[Math.min(asked, answers.length - 1)])
    asked += 1
    answerWith(socket, { status: '202 Accepted', body })
  })
  await using jobs = await startJobsGateway(magento.url, rules)
  const body = [{ product: { sku: 'one' } }, { product: { sku: 'two' } }]
  const job = await jobs.ended(await jobs.write({ body }))
  return { job, targets: magento.requests.map((request) => request.split(' ')[1]) }
}

/** What its owner sees of the items of a job. */
function itemsOf({ state, progress, results }: JobView) {
  return { state, progress, results }
}

const failed = { success: false, item: 1, isRejected: true, message: 'no such SKU' }

describe('what Magento does not take of a bulk', () => {
  const answer = { bulk_uuid: 'b', request_items: [accepted, rejected], errors: true }
  const progress = { total: 2, done: 2, failed: 1 }

  test('is the result of its item, beside those that it has carried out', async () => {
    const { job } = await carryOut(answer, { operations_list: [{ id: 0, status: 1 }] })
    const results = [{ success: true, item: 0 }, failed]
    assert.deepEqual(itemsOf(job), { state: 'partial', progress, results })
  })

  test('is the end of it where that is all', async () => {
    const none = { ...accepted, status: 'rejected', error_message: 'no' }
    const { job, targets } = await carryOut({ ...answer, request_items: [none, rejected] })
    const first = { success: false, item: 0, isRejected: true, message: 'no' }
    const of = { total: 2, done: 2, failed: 2 }
    assert.deepEqual(itemsOf(job), { state: 'failed', progress: of, results: [first, failed] })
    assert.deepEqual(targets, ['/rest/async/bulk/V1/products'])
  })
})

test('an array is no bulk where the path names what it is about, if only by the word for that in a bulk', async () => {
  await using magento = await startRawUpstream((socket) => {
    answerWith(socket, { status: '400 Bad Request', body: '{}' })
  })
  await using jobs = await startJobsGateway(magento.url, {
    'PUT /V1/products/:sku': { mode: 'always', engine: 'magento' },
  })
  const body = [{ sku: 'other', product: { price: 1 } }]
  await jobs.ended(await jobs.write({ method: 'PUT', path: '/rest/V1/products/bySku', body }))
  assert.deepEqual(
    magento.requests.map((request) => request.split(' ')[1]),
    ['/rest/async/V1/products/bySku'],
  )
})

test('a bulk whose operations cannot be seen yet is asked for again', async () => {
  const { job, targets } = await carryOut(
    { bulk_uuid: 'b', request_items: [accepted] },
    { operations_list: [] },
    { operations_list: [{ id: 0, status: 1 }] },
  )
  assert.equal(job.state, 'done')
  assert.equal(targets.length, 3)
})

test('operations that are not listed before they have been processed are waited for', async () => {
  const other = { id: 2, status: 'accepted' }
  const { job, targets } = await carryOut(
    { bulk_uuid: 'b', request_items: [accepted, rejected, other], errors: true },
    { operations_list: [{ id: 0, status: 1 }] },
    {
      operations_list: [
        { id: 0, status: 1 },
        { id: 2, status: 3 },
      ],
    },
  )
  const results = [{ success: true, item: 0 }, failed, { success: false, item: 2 }]
  const progress = { total: 3, done: 3, failed: 2 }
  assert.deepEqual(itemsOf(job), { state: 'partial', progress, results })
  assert.equal(targets.length, 3)
})

test('a bulk is followed to its end however long Magento tells of it, and is asked for little', async () => {
  const sent = 'x'.repeat(300)
  const items = Array.from({ length: 5_000 }, (_, id) => ({ id, data_hash: sent }))
  const operations = items.map(({ id }) => ({ id, status: 1, serialized_data: sent }))
  const { job, targets } = await carryOut(
    { bulk_uuid: 'b', request_items: items },
    { operations_list: operations },
  )
  assert.equal(job.state, 'done')
  assert.deepEqual(job.progress, { total: 5_000, done: 5_000, failed: 0 })
  const fields = 'fields=operations_list%5Bid%2Cstatus%2Cresult_message%5D'
  assert.equal(targets[1], `/rest/V1/bulk/b/detailed-status?${fields}`)
})

test('operations that failed, in whichever way, are failed items', async () => {
  const states = [1, 2, 3, 5].map((status, id) => ({ id, status, result_message: `of ${status}` }))
  const taken = { bulk_uuid: 'b', request_items: states.map(({ id }) => ({ id })) }
  const { job } = await carryOut(taken, { operations_list: states })
  const ofFailed = (id: number, status: number) => ({
    success: false,
    item: id,
    message: `of ${status}`,
  })
  assert.deepEqual(itemsOf(job), {
    state: 'partial',
    progress: { total: 4, done: 4, failed: 3 },
    results: [
      { success: true, item: 0, message: 'of 1' },
      ofFailed(1, 2),
      ofFailed(2, 3),
      { ...ofFailed(3, 5), isRejected: true },
    ],
  })
})

test('a bulk that the integration may not look at is a dead letter that says so', async () => {
  const answers = [[202, '{"bulk_uuid":"b","request_items":[{}]}'] as const, [401, '{}'] as const]
  await using magento = await startRawUpstream((socket) => {
    const [status, body] = answers.shift() ?? [500, '{}']
    socket.write(
      `HTTP/1.1 ${status} X\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    )
  })
  await using jobs = await startJobsGateway(magento.url, rules)
  const job = await jobs.ended(await jobs.write({ body: {} }))
  assert.equal(job.state, 'failed')
  assert.match(job.failure?.detail ?? '', /does not let the integration see/)
  await scrapeUntil(jobs.gateway, ({ value }) => value('magegate_jobs{state="dead"}') === 1)
})

test("a bulk whose items cannot be read counts as none, and a route of Magento's own queue is left as it is", () => {
  for (const items of ['{}', '[null]']) {
    const body = Buffer.from(`{"bulk_uuid":"b","request_items":${items}}`)
    assert.equal(readTakenBulk(body), undefined, items)
  }
  const segments = ['async', 'bulk', 'V1', 'products']
  const request = { store: 'de', segments, body: Buffer.from('[]') } as unknown as JobRequest
  assert.equal(asyncPath(request), '/rest/de/async/bulk/V1/products')
})

test('an array is a bulk for Magento whatever white space stands before it', async () => {
  const answer = { bulk_uuid: 'b', request_items: [] }
  const body = JSON.stringify(answer)
  await using magento = await startRawUpstream((socket) => {
    answerWith(socket, { status: '202 Accepted', body })
  })
  await using jobs = await startJobsGateway(magento.url, rules)
  const sent = await send(jobs.gateway.url, writeOf(' \r\n\t[{ "product": {} }]'))
  assert.equal((await jobs.ended(sent)).state, 'done')
  assert.match(magento.requests.join(), /^POST \/rest\/async\/bulk\/V1\/products /)
})
