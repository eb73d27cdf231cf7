import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Secret } from '../../../src/contract/secret.ts'
import { dialectOf } from '../../../src/forward/oauth1/dialect.ts'
import { DialectMemory } from '../../../src/forward/oauth1/dialect-memory.ts'
import { prepareOauth1 } from '../../../src/forward/oauth1/oauth1-attempt.ts'
import { isSignatureRefusal } from '../../../src/forward/oauth1/signature-refusal.ts'
import type { UpstreamAttempt } from '../../../src/forward/upstream-credentials.ts'
import { send } from '../../support/http-client.ts'
import { testClock } from '../../support/services.ts'
import { credentials, startVerifyingMagento, type VerifyingMagento } from './verifying-magento.ts'

const header = () => undefined
const slashed = {
  method: 'PUT',
  target: { path: '/rest/V1/products/A%2FB', query: undefined },
  header,
}
const plain = {
  method: 'GET',
  target: { path: '/rest/V1/products/24-MB01', query: 'fields=sku' },
  header,
}

function preparedFor(magento: VerifyingMagento, memory: DialectMemory, own = credentials) {
  const clock = testClock()
  const signer = { credentials: own, origin: magento.url, memory, clock }
  return { clock, begin: prepareOauth1(signer) }
}

/** Sends a request and what comes of it, as the connection to Magento does. */
async function exchange(
  magento: VerifyingMagento,
  begin: ReturnType<typeof prepareOauth1>,
  request: typeof slashed | typeof plain,
) {
  const first = await begin(request)
  assert.ok(!('code' in first))
  const sent: string[] = []
  let status = 0
  let attempt: UpstreamAttempt | undefined = first
  while (attempt !== undefined) {
    const { authorization = '' } = attempt
    sent.push(authorization)
    const path = request.target.path + (attempt.query === undefined ? '' : `?${attempt.query}`)
    const answer = await send(magento.url, {
      method: request.method,
      path,
      headers: { authorization },
    })
    status = answer.status
    attempt = await attempt.after?.(status, Buffer.from(answer.body))
  }
  return { status, sent }
}

test('tries the other dialect once, with a new nonce, and remembers what worked', async () => {
  await using magento = await startVerifyingMagento('2.4.7')
  const memory = new DialectMemory()
  const { begin } = preparedFor(magento, memory)
  const first = await exchange(magento, begin, slashed)
  assert.equal(first.status, 200)
  assert.equal(first.sent.length, 2)
  const nonces = first.sent.map((authorization) => /oauth_nonce="(\w+)"/.exec(authorization)?.[1])
  assert.notEqual(nonces[0], nonces[1])
  assert.equal(memory.current, '2.4.7')
  const second = await exchange(magento, begin, slashed)
  assert.deepEqual([second.status, second.sent.length], [200, 1])
})

test('follows an upgrade of Magento', async () => {
  await using magento = await startVerifyingMagento('2.4.7')
  const memory = new DialectMemory()
  const { begin } = preparedFor(magento, memory)
  await exchange(magento, begin, slashed)
  magento.state.dialect = '2.4.8'
  assert.equal((await exchange(magento, begin, slashed)).status, 200)
  assert.equal(memory.current, '2.4.8')
})

test('tries nothing else when the version of Magento is known', async () => {
  await using magento = await startVerifyingMagento('2.4.7')
  const { begin } = preparedFor(magento, new DialectMemory('2.4.8'))
  assert.deepEqual((await exchange(magento, begin, slashed)).sent.length, 1)
})

test('tries nothing else where both dialects sign alike', async () => {
  await using magento = await startVerifyingMagento('2.4.7')
  const wrong = { ...credentials, consumerSecret: new Secret('x'.repeat(32)) }
  const { begin } = preparedFor(magento, new DialectMemory(), wrong)
  const { status, sent } = await exchange(magento, begin, plain)
  assert.deepEqual([status, sent.length], [401, 1])
})

test('with wrong secrets, tries the other dialect no more than once a minute', async () => {
  await using magento = await startVerifyingMagento('2.4.8')
  const wrong = { ...credentials, consumerSecret: new Secret('x'.repeat(32)) }
  const memory = new DialectMemory()
  const { begin, clock } = preparedFor(magento, memory, wrong)
  const attempts = async () => (await exchange(magento, begin, slashed)).sent.length
  assert.equal(await attempts(), 2)
  assert.equal(await attempts(), 1)
  clock.advance(60_000)
  assert.equal(await attempts(), 2)
  assert.equal(memory.current, '2.4.8')
})

test('one integration with wrong secrets does not keep another from finding the dialect', async () => {
  await using magento = await startVerifyingMagento('2.4.7')
  const memory = new DialectMemory()
  const wrong = { ...credentials, consumerSecret: new Secret('x'.repeat(32)) }
  assert.equal(
    (await exchange(magento, preparedFor(magento, memory, wrong).begin, slashed)).status,
    401,
  )
  assert.equal((await exchange(magento, preparedFor(magento, memory).begin, slashed)).status, 200)
})

test('learns nothing from an answer that may have come before the signature was looked at', async () => {
  await using magento = await startVerifyingMagento('2.4.7')
  const memory = new DialectMemory()
  const { begin } = preparedFor(magento, memory)
  for (const status of [429, 500, 503]) {
    magento.state.failsWith = status
    assert.equal((await exchange(magento, begin, slashed)).status, status)
    assert.equal(memory.current, '2.4.8')
  }
  magento.state.failsWith = 404
  await exchange(magento, begin, slashed)
  assert.equal(memory.current, '2.4.7')
})

test('gives no attempt for a query that cannot be signed', async () => {
  const clock = testClock()
  const signer = { credentials, origin: 'https://shop.example', memory: new DialectMemory(), clock }
  const target = { ...plain.target, query: 'oauth_token=x' }
  const rejection = await prepareOauth1(signer)({ ...plain, target })
  assert.ok('code' in rejection)
  assert.equal(rejection.code, 'bad-request-target')
})

test('knows the dialect of every version that has one', () => {
  for (const version of ['2.4.6', '2.4.6-p8', '2.4.7', '2.4.7-p3']) {
    assert.equal(dialectOf(version), '2.4.7', version)
  }
  for (const version of ['2.4.8', '2.4.8-p3', '2.4.9', '2.4.10', '2.5', '2.5.0', '3.0.1']) {
    assert.equal(dialectOf(version), '2.4.8', version)
  }
  for (const version of ['2.4.4', '2.4.4-p13', '2.4.5', '2.4.5-p14']) {
    assert.equal(dialectOf(version), '2.4.5', version)
  }
  for (const version of ['2.4.3', '2.4', '2.3.7-p4', '1.9.4.5', '', 'latest']) {
    assert.equal(dialectOf(version), undefined, version)
  }
})

test('takes no other 401 for a refused signature', () => {
  const refusal = JSON.stringify({ message: 'The signature is invalid. Verify and try again.' })
  assert.ok(isSignatureRefusal(401, Buffer.from(refusal)))
  assert.ok(!isSignatureRefusal(400, Buffer.from(refusal)))
  for (const body of [
    '',
    'null',
    '[]',
    '{"message":1}',
    '{"message":"The nonce is already used"}',
  ]) {
    assert.ok(!isSignatureRefusal(401, Buffer.from(body)), body)
  }
})
