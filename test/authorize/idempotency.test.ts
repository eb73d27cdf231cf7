import assert from 'node:assert/strict'
import { test } from 'node:test'
import { idempotency } from '../../src/authorize/idempotency.ts'
import { allow, type Verdict } from '../../src/policy.ts'
import type { ProblemCode } from '../../src/problem.ts'
import { memoryKeys } from '../../src/store/idempotency/memory-keys.ts'
import { requestContext } from '../support/request.ts'
import { services, testClock } from '../support/services.ts'
import { rejectionOf } from '../support/verdicts.ts'

const tokenRoute = 'POST /V1/integration/customer/token'

/** Has the policy itself look at a request with a key; each time at the same one. */
function beginningWith(key: string, clock = testClock()) {
  const takeKey = memoryKeys(1_000_000, clock)
  const settings = { keepHours: 2, required: [tokenRoute] }
  const check = idempotency.prepare(settings, { ...services(clock), takeKey })
  return async (route = 'POST /V1/products') => {
    const [method = '', target = ''] = route.split(' ')
    const headers = { 'Idempotency-Key': key }
    const request = requestContext({ method, target: `/rest${target}`, headers, body: '{}' })
    request.route = route
    const verdict: Verdict = await check(request)
    return { request, verdict } as const
  }
}

test('a key is remembered for as many hours as the configuration says', async () => {
  const clock = testClock()
  const begin = beginningWith('"hours"', clock)
  const ask = async () => {
    const { request, verdict } = await begin()
    assert.equal(verdict, allow)
    const done = { status: 200, contentType: 'application/json', body: Buffer.from('{}') }
    await request.heldKey?.settle({ status: 200 }, done)
    // An answer that breaks off later has been given all the same.
    await request.heldKey?.settle({ status: 502, code: 'upstream-failed' }, undefined)
    return request.repeatedAnswer === undefined ? 'carried out' : 'repeated'
  }
  assert.equal(await ask(), 'carried out')
  clock.advance(2 * 3_600_000 - 1)
  assert.equal(await ask(), 'repeated')
  clock.advance(1)
  assert.equal(await ask(), 'carried out')
})

test('a key is heeded where the answer is a token if the configuration demands one there', async () => {
  const { request } = await beginningWith('"sign-in"')(tokenRoute)
  assert.ok(request.heldKey)
})

test('a key is heeded where accounts and cards are guessed, since customers and orders come of it', async () => {
  for (const route of ['POST /V1/customers', 'PUT /V1/guest-carts/x/order']) {
    const { request } = await beginningWith('"guessed"')(route)
    assert.ok(request.heldKey, route)
  }
})

test('a key leads to an answer of 500 too, after which nobody knows what Magento has done', async () => {
  const begin = beginningWith('"failed"')
  const failed = { status: 500, contentType: 'application/json', body: Buffer.from('{}') }
  await (await begin()).request.heldKey?.settle({ status: 500 }, failed)
  const { request } = await begin()
  assert.equal(request.repeatedAnswer?.status, 500)
  assert.equal(request.heldKey, undefined)
})

test('a key is free again after a refusal of the gateway, and otherwise leads to the problem of the first', async () => {
  const begin = beginningWith('"refused"')
  const first = await begin()
  await first.request.heldKey?.settle({ status: 404, code: 'entity-not-found' }, undefined)
  const second = await begin()
  await second.request.heldKey?.settle({ status: 504, code: 'upstream-timeout' }, undefined)
  const { verdict } = await begin()
  assert.equal((await rejectionOf(verdict)).code, 'upstream-timeout')
  const other = beginningWith('"of another version"')
  const code = 'no-code-of-this-version' as ProblemCode
  await (await other()).request.heldKey?.settle({ status: 500, code }, undefined)
  assert.equal((await rejectionOf((await other()).verdict)).code, 'upstream-failed')
})

test('a key is free after a refusal to accept a job, unless the job may have been accepted', async () => {
  const begin = beginningWith('"job"')
  const refused = { status: 503, code: 'jobs-unavailable' } as const
  const first = await begin()
  await first.request.heldKey?.settle(refused, undefined)
  const second = await begin()
  assert.ok(second.request.heldKey)
  second.request.jobId = 'a-job'
  await second.request.heldKey.settle(refused, undefined)
  const { code, detail } = await rejectionOf((await begin()).verdict)
  assert.equal(code, 'jobs-unavailable')
  assert.match(String(detail), /not known/)
})
