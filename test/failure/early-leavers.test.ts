import assert from 'node:assert/strict'
import { once } from 'node:events'
import { request as httpRequest, type RequestOptions } from 'node:http'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { test } from 'node:test'
import { acme, globex, startGateway, type TestGateway, testEnv } from '../support/gateway.ts'
import { canonicalFields, globexHeaders, send, writeOf } from '../support/http-client.ts'
import { scrapeUntil } from '../support/metrics.ts'
import { answerEmpty, answerWith, startRawUpstream } from '../support/raw-upstream.ts'
import { startRedis } from '../support/redis.ts'
import { pem, pemFile } from '../support/tls/pem.ts'

const token = { Authorization: `Bearer ${testEnv.ACME_TOKEN}` }
test('for a caller that leaves before its request is let through nothing is done, and its key is free', async () => {
  await using redis = await startRedis()
  await using magento = await startRawUpstream()
  const { endpoints: _, ...policies } = acme.policies
  const signature = { ...acme.credentials.signature, scheme: 'canonical' }
  await using gateway = await startGateway({
    magentoUrl: magento.url,
    // However busy the machine is, Redis is not away.
    gateway: { store: { redis: 'env:REDIS', deadlineMs: 60_000 } },
    integrations: [{ ...acme, policies, credentials: { ...acme.credentials, signature } }, globex],
    env: { REDIS: redis.url },
  })
  const read = () => {
    const path = '/rest/V1/products/a'
    return send(gateway.url, { path, headers: { ...token, ...canonicalFields({ path }) } })
  }
  const write = (path: string, body: string, more = {}) => {
    const signed = canonicalFields({ method: 'POST', path, body })
    const headers = { ...token, ...signed, 'Content-Type': 'application/json', ...more }
    return { method: 'POST', path, body, headers }
  }
  const writeWithKey = () => write('/rest/V1/products', '{"a":1}', { 'Idempotency-Key': 'once' })

  redis.freeze()
  const leaving = [writeWithKey(), write('/rest/V1/magefine/inventaire', '{"sku":"a","qty":1}')]
  const requests = leaving.map(({ body, ...options }) => {
    const request = httpRequest(gateway.url, { ...options, agent: false })
    request.on('error', () => undefined).end(body)
    return request
  })
  await Promise.all(requests.map((each) => new Promise((resolve) => each.once('finish', resolve))))
  // The gateway has read them: what came after them is answered.
  assert.equal((await send(gateway.url, { headers: globexHeaders })).status, 200)
  for (const each of requests) each.destroy()
  const codes = (await gateway.auditRecords(3)).map(({ code }) => code)
  assert.deepEqual(codes, [undefined, 'client-closed', 'client-closed'])

  redis.thaw()
  // Redis is asked in order, so by then they have been let through.
  assert.equal((await read()).status, 200)
  assert.equal(magento.requests.length, 2)
  const { status, headers } = await send(gateway.url, writeWithKey())
  assert.deepEqual([status, headers['idempotency-replayed']], [200, undefined])
})

test('for a caller that leaves while a kept answer is looked up Magento is not asked', async () => {
  await using redis = await startRedis()
  await using magento = await startRawUpstream()
  const cache = { 'GET /V1/products/:sku': { ttlSeconds: 60 } }
  await using gateway = await startGateway({
    magentoUrl: magento.url,
    gateway: { store: { redis: 'env:REDIS', deadlineMs: 60_000 } },
    integrations: [{ ...globex, policies: { ...globex.policies, cache } }],
    env: { REDIS: redis.url },
  })
  const read = (path: string) => send(gateway.url, { path, headers: globexHeaders })

  redis.freeze()
  const leaving = httpRequest(gateway.url, {
    path: '/rest/V1/products/left',
    headers: globexHeaders,
    agent: false,
  })
  leaving.on('error', () => undefined).end()
  await new Promise((resolve) => leaving.once('finish', resolve))
  // The gateway has read it: what came after it is answered.
  assert.equal((await read('/rest/V1/products')).status, 200)
  leaving.destroy()
  await gateway.auditRecords(2)

  redis.thaw()
  // Redis is asked in order, so by then it has answered the one that was left.
  assert.equal((await read('/rest/V1/products/stayed')).status, 200)
  const paths = magento.requests.map(pathOf)
  assert.deepEqual(paths, ['/rest/V1/products', '/rest/V1/products/stayed'])
})

test('a caller that leaves while the key of its answer is settled has got nothing of it', async () => {
  const arrived = Promise.withResolvers<Socket>()
  await using redis = await startRedis()
  await using magento = await startRawUpstream(arrived.resolve)
  await using gateway = await startGateway({
    magentoUrl: magento.url,
    gateway: { store: { redis: 'env:REDIS', deadlineMs: 60_000 } },
    integrations: [globex],
    env: { REDIS: redis.url },
  })
  const { body, ...write } = writeOf({}, { headers: { 'Idempotency-Key': 'left' } })
  const leaving = httpRequest(`${gateway.url}/rest/V1/products`, write as RequestOptions)
  leaving.on('error', () => undefined).end(body)
  const socket = await arrived.promise
  redis.freeze()
  answerEmpty(socket)
  // The gateway has the answer.
  await scrapeUntil(gateway, ({ value }) => value('magegate_upstream_connections_busy') === 0)
  leaving.destroy()
  const [record] = await gateway.auditRecords(1)
  assert.deepEqual(
    [record?.code, record?.upstreamStatus, record?.bytesOut],
    ['client-closed', 200, 0],
  )
  redis.thaw()
})

// One at a time, so that Magento gets in order what it gets; and nothing is ended by its time limit.
const patient = {
  connections: 1,
  timeouts: { connectMs: 600_000, headersMs: 600_000, totalMs: 600_000 },
}

/** Sends a read for a caller that leaves once `isUnderWay` resolves; resolves when that is recorded. */
async function leave(gateway: TestGateway, isUnderWay: Promise<unknown>): Promise<void> {
  const request = httpRequest(`${gateway.url}/rest/V1/products/left`, { headers: globexHeaders })
  request.on('error', () => undefined).end()
  await isUnderWay
  request.destroy()
  const [record] = await gateway.auditRecords(1)
  assert.equal(record?.code, 'client-closed')
}

test('nothing is sent for a caller that leaves while a token is fetched', async () => {
  const arrived = Promise.withResolvers<Socket>()
  await using magento = await startRawUpstream((socket, request) => {
    if (request.includes('/integration/admin/token ')) arrived.resolve(socket)
    else answerEmpty(socket)
  })
  const adminToken = { username: 'env:GLOBEX_TOKEN', password: 'env:MAGENTO_TOKEN' }
  await using gateway = await startGateway({
    magentoUrl: magento.url,
    gateway: { magento: patient },
    integrations: [{ ...globex, upstream: { adminToken } }],
  })
  await leave(gateway, arrived.promise)
  const socket = await arrived.promise
  answerWith(socket, { body: '"abc123"' })
  assert.equal((await send(gateway.url, { headers: globexHeaders })).status, 200)
  assert.deepEqual(magento.requests.map(pathOf), [
    '/rest/all/V1/integration/admin/token',
    '/rest/V1/products/24-MB01',
  ])
})

test('nothing is sent for a caller that leaves while the connection to Magento is established', async () => {
  const material = { cert: pem('loopback.cert'), key: pem('loopback.key') }
  await using magento = await startRawUpstream(answerEmpty, material)
  const arrived = Promise.withResolvers<void>()
  const gone = Promise.withResolvers<void>()
  // The handshake waits here until the caller has left.
  await using front = createServer(async (socket) => {
    socket.on('error', () => undefined)
    arrived.resolve()
    await gone.promise
    const onward = connect(magento.port, '127.0.0.1').on('error', () => undefined)
    socket.pipe(onward).pipe(socket)
  }).listen(0, '127.0.0.1')
  await once(front, 'listening')
  const { port } = front.address() as AddressInfo
  await using gateway = await startGateway({
    magentoUrl: `https://127.0.0.1:${port}`,
    gateway: { magento: { ...patient, caFile: pemFile('loopback.cert') } },
    integrations: [globex],
  })
  await leave(gateway, arrived.promise)
  gone.resolve()
  assert.equal((await send(gateway.url, { headers: globexHeaders })).status, 200)
  assert.deepEqual(magento.requests.map(pathOf), ['/rest/V1/products/24-MB01'])
})

function pathOf(request: string): string | undefined {
  return request.split(' ')[1]
}
