import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { acme, globex, startGateway, testEnv } from './support/gateway.ts'
import {
  acmeHeaders,
  type ClientRequest,
  globexHeaders,
  problemOf,
  send,
  sendRaw,
} from './support/http-client.ts'
import { startMagento } from './support/magento-for-tests.ts'
import { shared } from './support/shared.ts'

const json = { 'Content-Type': 'application/json' }
const inventory = '/rest/V1/magefine/inventaire'
const update = '{"sku":"my-sku-123","qty":15}'

const magento = await shared(startMagento())
const gateway = await shared(
  startGateway({
    magentoUrl: magento.url,
    integrations: [
      acme,
      {
        ...globex,
        policies: {
          ...globex.policies,
          requestSchema: { 'POST /V1/magefine/inventaire': 'stock.json' },
        },
      },
      {
        name: 'signed-only',
        credentials: {
          signature: { scheme: 'body', secrets: [{ id: 'k1', value: 'env:ACME_HMAC_SECRET' }] },
        },
        upstream: { bearer: 'env:MAGENTO_TOKEN' },
        policies: { ipAllowlist: ['127.0.0.1'], routes: ['GET /V1/products/:sku'] },
      },
      {
        name: 'elsewhere',
        credentials: { token: 'env:ELSEWHERE_TOKEN' },
        upstream: { bearer: 'env:MAGENTO_TOKEN' },
        policies: { ipAllowlist: ['203.0.113.0/24'], routes: ['GET /V1/products/:sku'] },
      },
      {
        name: 'slow-lane',
        credentials: { token: 'env:SLOW_TOKEN' },
        upstream: { bearer: 'env:MAGENTO_TOKEN' },
        policies: { rateLimit: { rate: '1/h', burst: 2 }, routes: ['GET /V1/products/:sku'] },
      },
      {
        name: 'own-token',
        credentials: {
          signature: { scheme: 'body', secrets: [{ id: 'k1', value: 'env:ACME_HMAC_SECRET' }] },
        },
        upstream: { passthrough: true },
        policies: { ipAllowlist: ['127.0.0.1'], routes: ['GET /V1/products/:sku'] },
      },
    ],
    schemas: {
      'stock.json': {
        type: 'object',
        required: ['sku', 'qty'],
        additionalProperties: false,
        properties: { sku: { type: 'string' }, qty: { type: 'number', minimum: 0 } },
      },
    },
    env: { ELSEWHERE_TOKEN: 'elsewhere-token-0123456789', SLOW_TOKEN: 'slow-token-0123456789' },
    gateway: { limits: { bodyBytes: 4096 } },
  }),
)

/** Sends a request that must be refused, and asserts that Magento got nothing of it. */
async function refusal(request: ClientRequest) {
  const before = magento.received.length
  const answer = await send(gateway.url, request)
  assert.equal(magento.received.length, before, 'the request reached Magento')
  assert.equal(answer.headers['content-type'], 'application/problem+json')
  const problem = problemOf(answer)
  assert.equal(problem.status, answer.status)
  assert.equal(problem.requestId, answer.headers['x-request-id'])
  assert.equal(problem.message, problem.detail)
  assert.equal(problem.type, `/problems#${problem.code}`)
  return { ...answer, problem }
}

describe('a request that is all right', () => {
  test('goes through to Magento, and the answer comes back', async () => {
    const answer = await send(gateway.url, {
      method: 'POST',
      path: inventory,
      headers: { ...acmeHeaders(update), ...json },
      body: update,
    })
    assert.equal(answer.status, 200)
    assert.deepEqual(JSON.parse(answer.body), { success: true, sku: 'my-sku-123', qty: 15 })
    assert.equal(magento.stock('my-sku-123'), 15)
    assert.equal(magento.received.at(-1)?.body.toString(), update)
  })

  test('signed by its body alone is told that this is deprecated, and nobody else is', async () => {
    assert.equal(
      (await send(gateway.url, { headers: acmeHeaders() })).headers.deprecation,
      '@1795478400',
    )
    assert.equal(
      (await send(gateway.url, { headers: globexHeaders })).headers.deprecation,
      undefined,
    )
    const wrong = await send(gateway.url, {
      headers: { ...acmeHeaders(), 'X-Signature': '0'.repeat(64) },
    })
    assert.equal(wrong.headers.deprecation, undefined)
  })

  test('may name itself instead of presenting a token, if it is signed', async () => {
    const { Authorization: _, ...headers } = acmeHeaders()
    const answer = await send(gateway.url, {
      headers: { ...headers, 'X-Integration-Id': 'signed-only' },
    })
    assert.equal(answer.status, 200)
  })

  test("gets Magento's own error unchanged", async () => {
    const answer = await send(gateway.url, {
      path: '/rest/V1/products/nope',
      headers: globexHeaders,
    })
    assert.equal(answer.status, 404)
    assert.match(answer.headers['content-type'] ?? '', /^application\/json/)
    assert.ok('message' in problemOf(answer))
  })
})

describe('is refused with one and the same 401', () => {
  const cases: Record<string, Record<string, string>> = {
    'without any credential': {},
    'with an unknown token': { Authorization: 'Bearer unknown-token-0123456789' },
    'with another scheme': { Authorization: `Basic ${testEnv.GLOBEX_TOKEN}` },
    'with an unknown name': { 'X-Integration-Id': 'initech' },
    'with the name alone of one that has a token': { 'X-Integration-Id': 'globex-pim' },
    'without its signature': { Authorization: `Bearer ${testEnv.ACME_TOKEN}` },
    'with a signature of something else': { ...acmeHeaders('{}') },
    'with a token of one and the name of another': {
      ...globexHeaders,
      'X-Integration-Id': 'acme-erp',
    },
  }
  for (const [name, headers] of Object.entries(cases)) {
    test(name, async () => {
      const { status, headers: answered, problem } = await refusal({ headers })
      assert.equal(status, 401)
      assert.equal(answered['www-authenticate'], 'Bearer realm="magegate"')
      const { requestId: _, ...body } = problem
      assert.deepEqual(body, {
        type: '/problems#unauthenticated',
        title: 'Unauthorized',
        status: 401,
        code: 'unauthenticated',
        detail: 'The request could not be authenticated.',
        message: 'The request could not be authenticated.',
      })
    })
  }
})

describe('is refused before Magento hears of it', () => {
  const cases: [string, ClientRequest, number, string][] = [
    [
      'a path with dot segments',
      { path: '/rest/V1/products/../orders', headers: globexHeaders },
      400,
      'bad-request-target',
    ],
    ['another method', { method: 'PATCH', headers: globexHeaders }, 405, 'method-not-allowed'],
    [
      'a method that Fastify has no route for',
      { method: 'PROPFIND', headers: globexHeaders },
      405,
      'method-not-allowed',
    ],
    ['a GET with a body', { headers: globexHeaders, body: '{}' }, 400, 'bad-request'],
    [
      'a repeated Authorization',
      { headers: { Authorization: ['Bearer a', 'Bearer b'] } },
      400,
      'bad-request',
    ],
    [
      'an address that is not listed',
      { headers: { Authorization: 'Bearer elsewhere-token-0123456789' } },
      403,
      'address-not-allowed',
    ],
    [
      'a route that is not granted',
      { path: '/rest/V1/customers/1', headers: globexHeaders },
      403,
      'route-not-granted',
    ],
    [
      'a form',
      {
        method: 'POST',
        path: inventory,
        headers: { ...globexHeaders, 'Content-Type': 'application/x-www-form-urlencoded' },
        body: 'sku=a&qty=1',
      },
      415,
      'unsupported-media-type',
    ],
    [
      'a body without content type',
      { method: 'POST', path: inventory, headers: globexHeaders, body: update },
      415,
      'unsupported-media-type',
    ],
    [
      'a content type that cannot be read',
      {
        method: 'POST',
        path: inventory,
        headers: { ...globexHeaders, 'Content-Type': 'json' },
        body: update,
      },
      415,
      'unsupported-media-type',
    ],
    [
      'a compressed body',
      {
        method: 'POST',
        path: inventory,
        headers: { ...globexHeaders, ...json, 'Content-Encoding': 'gzip' },
        body: update,
      },
      415,
      'unsupported-media-type',
    ],
    [
      'duplicate names',
      {
        method: 'POST',
        path: inventory,
        headers: { ...globexHeaders, ...json },
        body: '{"sku":"a","sku":"b","qty":1}',
      },
      400,
      'invalid-json',
    ],
    [
      'an empty body where there is a schema',
      { method: 'POST', path: inventory, headers: { ...globexHeaders, ...json } },
      400,
      'invalid-body',
    ],
    [
      'a query over a body',
      {
        method: 'POST',
        path: `${inventory}?qty=9`,
        headers: { ...globexHeaders, ...json },
        body: update,
      },
      400,
      'query-not-allowed',
    ],
    [
      'a body over the limit',
      {
        method: 'POST',
        path: inventory,
        headers: { ...globexHeaders, ...json },
        body: `"${'x'.repeat(4096)}"`,
      },
      413,
      'body-too-large',
    ],
    [
      'an unknown expectation',
      { headers: { ...globexHeaders, Expect: 'the-unexpected' } },
      417,
      'expectation-failed',
    ],
  ]
  for (const [name, request, status, code] of cases) {
    test(name, async () => {
      const { status: answered, problem } = await refusal(request)
      assert.equal(answered, status)
      assert.equal(problem.code, code)
    })
  }

  test('a body that violates the schema, with every violation and no value', async () => {
    const { status, problem, body } = await refusal({
      method: 'POST',
      path: inventory,
      headers: { ...globexHeaders, ...json },
      body: '{"sku":12345678,"qty":-87654321,"unheard-of":1}',
    })
    assert.equal(status, 400)
    assert.deepEqual(
      (problem.errors as { pointer: string }[]).map(({ pointer }) => pointer).sort(),
      ['', '/qty', '/sku'],
    )
    for (const value of ['12345678', '87654321', 'unheard-of']) assert.ok(!body.includes(value))
  })

  test('a caller that exceeds its rate, with the time to wait', async () => {
    const headers = { Authorization: 'Bearer slow-token-0123456789' }
    assert.equal((await send(gateway.url, { headers })).status, 200)
    assert.equal((await send(gateway.url, { headers })).status, 200)
    const { status, problem, headers: answered } = await refusal({ headers })
    assert.equal(status, 429)
    assert.equal(problem.code, 'rate-limited')
    const seconds = Number(answered['retry-after'])
    assert.ok(seconds > 3500 && seconds <= 3630)
  })

  test('bytes that are not HTTP', async () => {
    const answer = await sendRaw(gateway.url, 'NONSENSE\r\n\r\n')
    assert.match(answer, /^HTTP\/1\.1 400 /)
    assert.match(answer, /"code":"malformed-http"/)
    assert.ok(Date.parse(/^Date: (.*)\r$/m.exec(answer)?.[1] ?? '') > 0)
  })

  test('a letter beyond ASCII in the target, as a target and not as bytes that are not HTTP', async () => {
    const answer = await sendRaw(
      gateway.url,
      'GET /rest/V1/products?name=ü HTTP/1.1\r\nHost: a\r\n\r\n',
    )
    assert.match(answer, /^HTTP\/1\.1 400 /)
    assert.match(answer, /"code":"bad-request-target"/)
  })

  test('a request without Host', async () => {
    const answer = await sendRaw(
      gateway.url,
      'GET /rest/V1/products HTTP/1.1\r\nConnection: close\r\n\r\n',
    )
    assert.match(answer, /^HTTP\/1\.1 400 /)
    assert.match(answer, /"code":"bad-request"/)
  })
})

test('a body that does not arrive in time is answered 408, recorded once and its connection ended', async () => {
  await using slow = await startGateway({
    magentoUrl: magento.url,
    gateway: { listen: { requestTimeoutMs: 300 } },
  })
  const answer = await sendRaw(
    slow.url,
    `POST ${inventory} HTTP/1.1\r\nHost: a\r\nAuthorization: ${globexHeaders.Authorization}\r\n` +
      'Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{"sku"',
  )
  assert.match(answer, /^HTTP\/1\.1 408 /)
  assert.match(answer, /"code":"request-timeout"/)
  const records = await slow.auditRecords(1)
  assert.deepEqual(
    records.map(({ code, claimed }) => ({ code, claimed })),
    [{ code: 'request-timeout', claimed: 'globex-pim' }],
  )
})

test('a request that is followed by rubbish gets its own answer, and the rubbish one of its own', async () => {
  await using own = await startGateway({ magentoUrl: magento.url })
  const good = `GET /rest/V1/products/24-MB01 HTTP/1.1\r\nHost: a\r\nAuthorization: ${globexHeaders.Authorization}\r\n\r\n`
  const answer = await sendRaw(own.url, `${good}NONSENSE\r\n\r\n`)
  assert.match(
    answer,
    /^HTTP\/1\.1 200 OK[\s\S]+HTTP\/1\.1 400 Bad Request[\s\S]+"code":"malformed-http"/,
  )
  assert.deepEqual(
    (await own.auditRecords(2)).map(({ status }) => status),
    [200, 400],
  )
})

describe('towards Magento', () => {
  test("the caller's token gives way to the integration's own", async () => {
    await send(gateway.url, { headers: globexHeaders })
    const arrived = magento.received.at(-1)?.rawHeaders.join('\n') ?? ''
    assert.ok(arrived.includes(`Bearer ${testEnv.MAGENTO_TOKEN}`))
    assert.ok(!arrived.includes(testEnv.GLOBEX_TOKEN))
  })

  test('the caller keeps its Authorization where the integration passes it through', async () => {
    const { Authorization: _, ...headers } = acmeHeaders()
    await send(gateway.url, {
      headers: {
        ...headers,
        'X-Integration-Id': 'own-token',
        Authorization: 'Bearer of-the-caller-itself',
      },
    })
    assert.ok(magento.received.at(-1)?.rawHeaders.includes('Bearer of-the-caller-itself'))
  })
})

test('the hash of a token is the same in each process that has a key for it, and in no other', async () => {
  const hashes: unknown[] = []
  for (const audit of [
    { tokenHashKey: 'env:HASH_KEY' },
    { tokenHashKey: 'env:HASH_KEY' },
    {},
    {},
  ]) {
    await using own = await startGateway({
      magentoUrl: magento.url,
      gateway: { audit },
      env: { HASH_KEY: 'key-of-token-hashes-1f7b' },
    })
    await send(own.url, { headers: globexHeaders })
    const [record] = await own.auditRecords(1)
    hashes.push(record?.tokenHash)
  }
  const [one, same] = hashes
  assert.match(String(one), /^[0-9a-f]{16}$/)
  assert.equal(same, one)
  assert.equal(new Set(hashes).size, 3)
})

test('a HEAD, which is refused, gets the head of the answer alone, and its record says so', async () => {
  await using own = await startGateway({ magentoUrl: magento.url })
  const { status, headers, body } = await send(own.url, { method: 'HEAD' })
  assert.deepEqual([status, body], [405, ''])
  assert.ok(Number(headers['content-length']) > 0)
  const [record] = await own.auditRecords(1)
  assert.deepEqual([record?.code, record?.bytesOut], ['method-not-allowed', 0])
})

test('every request has one record, also what was refused or was no request at all', async () => {
  await using own = await startGateway({ magentoUrl: magento.url })
  const answered = await send(own.url, { headers: globexHeaders })
  await send(own.url)
  await sendRaw(own.url, 'NONSENSE\r\n\r\n')
  const records = await own.auditRecords(3)
  assert.equal(new Set(records.map(({ requestId }) => requestId)).size, 3)
  const [forwarded, refused, unread] = records
  assert.equal(forwarded?.requestId, answered.headers['x-request-id'])
  assert.equal(forwarded?.integration, 'globex-pim')
  assert.equal(forwarded?.route, 'GET /V1/products/:sku')
  assert.deepEqual(forwarded?.skus, ['24-MB01'])
  assert.equal(forwarded?.upstreamStatus, 200)
  assert.equal(forwarded?.bytesOut, Buffer.byteLength(answered.body))
  assert.equal(refused?.code, 'unauthenticated')
  assert.equal(refused?.policy, 'credential')
  assert.equal(unread?.code, 'malformed-http')
  assert.equal(unread?.clientIp, '127.0.0.1')
  await own.stop()
  assert.equal((await own.auditRecords(3)).length, 3)
})
