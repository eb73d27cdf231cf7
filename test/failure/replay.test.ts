import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { writeConfig } from '../support/config-directory.ts'
import { acme, gatewaySettings, startGateway, testEnv } from '../support/gateway.ts'
import { startedProcess } from '../support/gateway-process.ts'
import {
  acmeHeaders,
  type ClientRequest,
  canonicalFields,
  problemOf,
  send,
} from '../support/http-client.ts'
import { startMagento } from '../support/magento-for-tests.ts'
import { startRedis } from '../support/redis.ts'
import { temporaryFolder } from '../support/shared.ts'

const signing = {
  ...acme,
  credentials: {
    token: acme.credentials.token,
    signature: { ...acme.credentials.signature, scheme: 'canonical' },
  },
}

function signedWrite(nonce: string, method = 'POST', ageSeconds = 0): ClientRequest {
  const body = method === 'GET' ? '' : '{"sku":"my-sku-123","qty":15}'
  const path = method === 'GET' ? '/rest/V1/products/24-MB01' : '/rest/V1/magefine/inventaire'
  return {
    method,
    path,
    body,
    headers: {
      Authorization: `Bearer ${testEnv.ACME_TOKEN}`,
      'Content-Type': 'application/json',
      ...canonicalFields({ method, path, body }, nonce, ageSeconds),
    },
  }
}

test('a request sent 100 times at once to two processes on one Redis passes exactly once', async () => {
  await using redis = await startRedis()
  await using magento = await startMagento()
  const folder = await temporaryFolder()
  const configOf = (name: string) => {
    const gateway = { store: { redis: 'env:REDIS_URL', deadlineMs: 5000 } }
    const auditFile = join(folder, `${name}.jsonl`)
    return writeConfig({
      gateway: gatewaySettings({ magentoUrl: magento.url, gateway }, auditFile),
      integrations: { signing },
    })
  }
  await using first = await configOf('first')
  await using second = await configOf('second')
  const start = (path: string) =>
    startedProcess(['start', '--config', path], { ...testEnv, REDIS_URL: redis.url })
  const [one, other] = await Promise.all([start(first.path), start(second.path)])
  const request = signedWrite('nonce-for-exactly-once')
  const answers = await Promise.all(
    Array.from({ length: 100 }, (_, index) => send((index % 2 ? one : other).url, request)),
  )
  await Promise.all([one.stop(), other.stop()])
  assert.equal(answers.filter(({ status }) => status === 200).length, 1)
  assert.equal(answers.filter(({ status }) => status === 401).length, 99)
  assert.equal(magento.received.length, 1)
})

test('the same holds in one process without Redis', async () => {
  await using magento = await startMagento()
  await using gateway = await startGateway({ magentoUrl: magento.url, integrations: [signing] })
  const request = signedWrite('nonce-for-exactly-once')
  const answers = await Promise.all(Array.from({ length: 100 }, () => send(gateway.url, request)))
  assert.equal(answers.filter(({ status }) => status === 200).length, 1)
  assert.equal(magento.received.length, 1)
})

test('a write that is signed by its body alone passes once in a while, whatever its query and letters', async () => {
  await using magento = await startMagento()
  await using gateway = await startGateway({ magentoUrl: magento.url, integrations: [acme] })
  const write = async (
    body: string,
    alter: (headers: Record<string, string>) => object,
    query = '',
  ) => {
    const headers = { ...acmeHeaders(body), 'Content-Type': 'application/json' }
    const path = `/rest/V1/magefine/inventaire${query}`
    const sent = { ...headers, ...alter(headers) } as Record<string, string>
    return (await send(gateway.url, { method: 'POST', path, body, headers: sent })).status
  }
  const same = () => ({})
  const inCapitals = (headers: Record<string, string>) => ({
    'X-Signature': headers['X-Signature']?.toUpperCase(),
  })
  const body = '{"sku":"my-sku-123","qty":15}'
  assert.equal(await write(body, same), 200)
  assert.equal(await write(body, same), 401)
  assert.equal(await write(body, inCapitals), 401)
  assert.equal(await write(body, same, '?fields=sku'), 401)
  assert.equal(await write('{"sku":"my-sku-123","qty":16}', same), 200)
  const read = () => send(gateway.url, { headers: acmeHeaders() })
  assert.deepEqual([(await read()).status, (await read()).status], [200, 200])
  assert.equal(magento.received.length, 4)
})

test('not again where the clock is set back by a minute, though its signature then holds for longer', async (t) => {
  let nowMs = Date.now()
  t.mock.method(Date, 'now', () => nowMs)
  const monotonic = performance.now.bind(performance)
  let passedMs = 0
  t.mock.method(performance, 'now', () => monotonic() + passedMs)
  await using magento = await startMagento()
  await using gateway = await startGateway({ magentoUrl: magento.url, integrations: [signing] })
  // Holds for another second; five minutes are the default.
  const request = signedWrite('nonce-before-the-clock-is-set', 'POST', 299)
  assert.equal((await send(gateway.url, request)).status, 200)
  nowMs -= 60_000
  passedMs = 1_002
  assert.equal((await send(gateway.url, request)).status, 401)
  assert.equal(magento.received.length, 1)
  const [, refused] = await gateway.auditRecords(2)
  assert.equal(refused?.reason, 'replayed: the nonce was used before')
})

test('while Redis is away writes are refused with 503, and reads go on', async () => {
  await using redis = await startRedis()
  await using magento = await startMagento()
  await using gateway = await startGateway({
    magentoUrl: magento.url,
    integrations: [signing],
    gateway: { store: { redis: 'env:REDIS_URL', deadlineMs: 1_000 } },
    env: { REDIS_URL: redis.url },
  })
  assert.equal((await send(gateway.url, signedWrite('nonce-before-the-fault'))).status, 200)
  await redis.kill()
  const answer = await send(gateway.url, signedWrite('nonce-during-the-fault'))
  assert.equal(answer.status, 503)
  assert.equal(problemOf(answer).code, 'replay-protection-unavailable')
  assert.equal(answer.headers['retry-after'], '2')
  assert.equal((await send(gateway.url, signedWrite('nonce-of-the-read-here', 'GET'))).status, 200)
  assert.equal(magento.received.length, 2)
})
