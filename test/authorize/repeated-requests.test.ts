import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type ClientRequest, request as httpRequest } from 'node:http'
import type { Socket } from 'node:net'
import { after, afterEach, before, beforeEach, describe, test } from 'node:test'
import { acme, globex, startGateway, type TestGateway } from '../support/gateway.ts'
import { startHeldUpstream } from '../support/held-upstream.ts'
import {
  acmeHeaders,
  type ClientAnswer,
  canonicalFields,
  globexHeaders,
  problemOf,
  send,
} from '../support/http-client.ts'
import { answerWith, type RawUpstream, startRawUpstream } from '../support/raw-upstream.ts'
import { startRedis, type TestRedis, withClient } from '../support/redis.ts'
import { answerInGzip } from './answer-in-gzip.ts'

const path = '/rest/V1/products'
const tokenRoute = 'POST /V1/integration/customer/token'
const json = { 'Content-Type': 'application/json' }
let keys = 0

/** A key that no other test has. */
function newKey(): string {
  keys += 1
  return `"order-${keys}"`
}

/** Writes an answer whose body tells it apart from all others. */
function answer(socket: Socket, count: number, status = '200 OK'): void {
  answerWith(socket, { status, headers: json, body: `{"answer":${count}}` })
}

for (const kind of ['memory', 'Redis'] as const) {
  describe(`a key that ${kind} remembers`, () => {
    let redis: TestRedis | undefined
    let upstream: RawUpstream
    let gateway: TestGateway
    type Respond = (socket: Socket, count: number, request: string) => void
    const standard: Respond = (socket, count) => answer(socket, count)
    let respond = standard
    before(async () => {
      redis = kind === 'Redis' ? await startRedis() : undefined
      upstream = await startRawUpstream((socket, request) =>
        respond(socket, upstream.requests.length, request),
      )
      gateway = await startGateway({
        magentoUrl: upstream.url,
        // However busy the machine is, Redis is not away.
        gateway: redis ? { store: { redis: 'env:REDIS', deadlineMs: 60_000 } } : {},
        integrations: [
          acme,
          {
            ...globex,
            policies: {
              routes: [
                ...globex.policies.routes,
                'PUT /V1/products',
                'PUT /V1/orders/:id',
                tokenRoute,
              ],
              idempotency: { required: ['PUT /V1/orders/:id'] },
            },
          },
        ],
        env: redis ? { REDIS: redis.url } : {},
      })
    })
    afterEach(() => {
      respond = standard
    })
    after(async () => {
      await gateway[Symbol.asyncDispose]()
      await upstream[Symbol.asyncDispose]()
      await redis?.[Symbol.asyncDispose]()
    })

    function post(key: string, body = '{"a":1}', headers = globexHeaders): Promise<ClientAnswer> {
      return send(gateway.url, {
        method: 'POST',
        path,
        headers: { ...headers, ...json, 'Idempotency-Key': key },
        body,
      })
    }

    /** A request of a caller that can go away. */
    function begin(key: string): ClientRequest {
      const outgoing = httpRequest(`${gateway.url}${path}`, {
        method: 'POST',
        headers: { ...globexHeaders, ...json, 'Idempotency-Key': key },
      })
      outgoing.on('error', () => undefined).end('{"a":1}')
      return outgoing
    }

    /** A caller that goes away when the answer has begun. */
    async function leaveWithinAnswer(key: string): Promise<ClientRequest> {
      const outgoing = begin(key)
      const [incoming] = await once(outgoing, 'response')
      incoming.on('error', () => undefined)
      return outgoing.destroy()
    }

    test('has the same request carried out once, and gives its answer again', async () => {
      const key = newKey()
      const before = upstream.requests.length
      const first = await post(key)
      const second = await post(key)
      assert.equal(first.status, 200)
      assert.deepEqual([second.status, second.body], [first.status, first.body])
      assert.equal(second.headers['content-type'], 'application/json')
      assert.equal(first.headers['idempotency-replayed'], undefined)
      assert.equal(second.headers['idempotency-replayed'], 'true')
      assert.notEqual(second.headers['x-request-id'], first.headers['x-request-id'])
      assert.equal(upstream.requests.length, before + 1)
    })

    test('has an answer without a type, and one without a body, given again as they were', async () => {
      for (const head of [
        '200 OK\r\nContent-Length: 2',
        '202 Accepted\r\nContent-Length: 0',
        '204 No Content',
      ]) {
        respond = (socket) =>
          socket.write(`HTTP/1.1 ${head}\r\n\r\n${head.startsWith('200') ? '{}' : ''}`)
        const key = newKey()
        const [first, second] = [await post(key), await post(key)]
        assert.equal(second.headers['idempotency-replayed'], 'true')
        assert.deepEqual([second.status, second.body], [first.status, first.body])
        for (const name of ['content-type', 'content-length']) {
          assert.equal(second.headers[name], first.headers[name], name)
        }
      }
    })

    test('has an answer given again that the first caller would have taken compressed', async () => {
      respond = (socket, _count, request) => answerInGzip(socket, request, '{"a":1}')
      const headers = { ...globexHeaders, 'Accept-Encoding': 'gzip' }
      const key = newKey()
      const [first, second] = [await post(key, '{}', headers), await post(key, '{}', headers)]
      assert.equal(second.headers['idempotency-replayed'], 'true')
      for (const each of [first, second]) {
        assert.deepEqual([each.headers['content-encoding'], each.body], [undefined, '{"a":1}'])
      }
    })

    test('is not heeded where the answer is a token, which would be stored', async () => {
      const signIn = () =>
        send(gateway.url, {
          method: 'POST',
          path: '/rest/V1/integration/customer/token',
          headers: { ...globexHeaders, ...json, 'Idempotency-Key': '"sign-in"' },
          body: '{"username":"a@example.com","password":"planted"}',
        })
      const [first, second] = [await signIn(), await signIn()]
      assert.deepEqual([first.status, second.status], [200, 200])
      assert.notEqual(second.body, first.body)
      assert.equal(second.headers['idempotency-replayed'], undefined)
    })

    test('is the same with quotes and without', async () => {
      const key = newKey()
      const first = await post(key)
      assert.equal((await post(key.replaceAll('"', ''))).body, first.body)
    })

    test('is refused with another request', async () => {
      const key = newKey()
      await post(key)
      const before = upstream.requests.length
      const other = await post(key, '{"a":2}')
      assert.equal(other.status, 422)
      assert.equal(problemOf(other).code, 'idempotency-key-reused')
      assert.equal(upstream.requests.length, before)
    })

    test('is refused with the same body for another target, or by another method', async () => {
      const key = newKey()
      assert.equal((await post(key)).status, 200)
      const headers = { ...globexHeaders, ...json, 'Idempotency-Key': key }
      for (const other of [
        { method: 'POST', path: `${path}?fields=sku` },
        { method: 'PUT', path },
      ]) {
        const answered = await send(gateway.url, { ...other, headers, body: '{"a":1}' })
        assert.equal(problemOf(answered).code, 'idempotency-key-reused', other.path)
      }
    })

    test('belongs to one integration', async () => {
      const key = newKey()
      const body = '{"a":1}'
      const first = await post(key, body)
      const other = await post(key, body, acmeHeaders(body) as typeof globexHeaders)
      assert.equal(other.status, 200)
      assert.notEqual(other.body, first.body)
    })

    test('waits for nothing: while the first request runs there is a conflict', async () => {
      const key = newKey()
      const arrived = Promise.withResolvers<() => void>()
      respond = (socket, count) => arrived.resolve(() => answer(socket, count))
      const first = post(key)
      const release = await arrived.promise
      const second = await post(key)
      assert.equal(second.status, 409)
      assert.equal(problemOf(second).code, 'idempotency-conflict')
      assert.equal(second.headers['retry-after'], '1')
      assert.equal(problemOf(await post(key, '{"a":2}')).code, 'idempotency-key-reused')
      release()
      assert.equal((await first).status, 200)
      assert.equal((await post(key)).body, (await first).body)
    })

    test('leads to the answer when the caller went away before it had it', async () => {
      const key = newKey()
      const before = upstream.requests.length
      const arrived = Promise.withResolvers<() => void>()
      respond = (socket, count) => arrived.resolve(() => answer(socket, count))
      const outgoing = begin(key)
      const release = await arrived.promise
      const closed = new Promise((resolve) => outgoing.once('close', resolve))
      outgoing.destroy()
      await closed
      release()
      let retried = await post(key)
      while (retried.status === 409) retried = await post(key)
      assert.equal(retried.status, 200)
      assert.equal(retried.headers['idempotency-replayed'], 'true')
      assert.equal(upstream.requests.length, before + 1)
    })

    test('has an answer of up to 1 MiB given again, and no longer one', async () => {
      for (const [length, status] of [
        [1_048_576, 200],
        [1_048_577, 409],
      ] as const) {
        const key = newKey()
        respond = (socket) => {
          socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${length}\r\n\r\n`)
          socket.write(Buffer.alloc(length, '1'))
        }
        const first = await post(key)
        assert.deepEqual([first.status, first.body.length], [200, length])
        let again = await post(key)
        while (/not over/.test(again.body)) again = await post(key)
        assert.equal(again.status, status)
        if (status === 200) assert.equal(again.body, first.body)
      }
    })

    test('is over if the caller left during an answer that is too long to be kept', async () => {
      const key = newKey()
      const length = 8 * 1_048_576
      respond = (socket) => {
        socket.write(
          `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${length}\r\n\r\n`,
        )
        socket.write(Buffer.alloc(length, '1'))
      }
      await leaveWithinAnswer(key)
      let retried = await post(key)
      while (/not over/.test(String(problemOf(retried).detail))) retried = await post(key)
      assert.equal(retried.status, 409)
      assert.match(String(problemOf(retried).detail), /too long to be kept/)
    })

    test('is not free when the caller went away and then Magento broke off a long answer', async () => {
      const key = newKey()
      const left = Promise.withResolvers<void>()
      respond = (socket) => {
        socket.write(
          'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 8388608\r\n\r\n',
        )
        socket.write(Buffer.alloc(2_097_152, '1'))
        void left.promise.then(() => socket.destroy())
      }
      const outgoing = await leaveWithinAnswer(key)
      await once(outgoing, 'close')
      left.resolve()
      let retried = await post(key)
      while (/not over/.test(String(problemOf(retried).detail))) retried = await post(key)
      assert.match(String(problemOf(retried).detail), /too long to be kept/)
    })

    for (const status of ['401 Unauthorized', '429 Too Many Requests', '503 Service Unavailable']) {
      test(`is free again when Magento has done nothing and says ${status}`, async () => {
        const key = newKey()
        respond = (socket, count) => answer(socket, count, status)
        assert.equal((await post(key)).status, Number.parseInt(status, 10))
        respond = standard
        const second = await post(key)
        assert.equal(second.status, 200)
        assert.equal(second.headers['idempotency-replayed'], undefined)
      })
    }

    test('is not free when nobody knows whether Magento has done it', async () => {
      const key = newKey()
      respond = (socket) => socket.destroy()
      const before = upstream.requests.length
      assert.equal(problemOf(await post(key)).code, 'upstream-failed')
      respond = standard
      const second = await post(key)
      assert.equal(problemOf(second).code, 'upstream-failed')
      assert.equal(second.headers['idempotency-replayed'], 'true')
      assert.equal(upstream.requests.length, before + 1)
    })

    test('lets a write be sent again that the repeat guard would refuse', async () => {
      const body = `{"unique":${kind.length}}`
      const headers = acmeHeaders(body) as typeof globexHeaders
      const key = newKey()
      const first = await post(key, body, headers)
      assert.equal(first.status, 200)
      assert.equal((await post(key, body, headers)).body, first.body)
      assert.equal((await post(newKey(), body, headers)).status, 401)
    })

    test('is demanded where the route says so, and must have a form', async () => {
      const put = (headers: Record<string, string>) =>
        send(gateway.url, {
          method: 'PUT',
          path: '/rest/V1/orders/1',
          headers: { ...globexHeaders, ...json, ...headers },
          body: '{}',
        })
      assert.equal(problemOf(await put({})).code, 'idempotency-key-required')
      assert.equal((await put({ 'Idempotency-Key': newKey() })).status, 200)
      const tooLong = 'x'.repeat(256)
      for (const key of ['""', '"', 'a b', `"${tooLong}"`, tooLong]) {
        for (const refused of [await put({ 'Idempotency-Key': key }), await post(key)]) {
          assert.equal(problemOf(refused).code, 'bad-request', key)
        }
      }
    })

    test('means nothing to a read', async () => {
      const key = newKey()
      const read = () =>
        send(gateway.url, { headers: { ...globexHeaders, 'Idempotency-Key': key } })
      assert.notEqual((await read()).body, (await read()).body)
    })
  })
}

test('a key belongs to the user whose token is passed through, and says nothing to another', async () => {
  await using upstream = await startRawUpstream((socket) =>
    answer(socket, upstream.requests.length),
  )
  const { signature } = acme.credentials
  const signed = {
    credentials: { signature: { ...signature, scheme: 'canonical' } },
    policies: { routes: [`POST ${path.replace('/rest', '')}`] },
  }
  await using gateway = await startGateway({
    magentoUrl: upstream.url,
    integrations: [
      { ...signed, name: 'storefront', upstream: { passthrough: true } },
      { ...signed, name: 'erp', upstream: acme.upstream },
    ],
  })
  const post = async (integration: string, token: string, key: string) => {
    const body = '{"a":1}'
    const headers = {
      ...canonicalFields({ method: 'POST', path, body }),
      ...json,
      'X-Integration-Id': integration,
      Authorization: `Bearer ${token}`,
      'Idempotency-Key': key,
    }
    return (await send(gateway.url, { method: 'POST', path, headers, body })).body
  }
  const key = newKey()
  const first = await post('storefront', 'token-of-one-shopper', key)
  const other = await post('storefront', 'token-of-another-one', key)
  assert.notEqual(other, first)
  assert.equal(await post('storefront', 'token-of-one-shopper', key), first)
  assert.equal(await post('storefront', 'token-of-another-one', key), other)
  // A token that goes no further than the gateway, and may be another one at a repetition, is that of no user.
  const written = await post('erp', 'token-of-an-hour', key)
  assert.equal(await post('erp', 'token-of-the-next-hour', key), written)
})

test('a key is free again where no connection to Magento came about in time', async () => {
  await using upstream = await startRawUpstream((socket) => socket.destroy())
  await using gateway = await startGateway({
    magentoUrl: upstream.url.replace('http:', 'https:'),
    gateway: { magento: { timeouts: { connectMs: 300 } } },
  })
  const headers = { ...globexHeaders, ...json, 'Idempotency-Key': newKey() }
  for (let sent = 0; sent < 2; sent += 1) {
    const refused = await send(gateway.url, { method: 'POST', path, headers, body: '{}' })
    assert.equal(problemOf(refused).code, 'upstream-timeout')
  }
  const reasons = (await gateway.auditRecords(2)).map(({ reason }) => reason)
  assert.deepEqual(reasons, ['UND_ERR_CONNECT_TIMEOUT', 'UND_ERR_CONNECT_TIMEOUT'])
  assert.deepEqual(upstream.requests, [])
})

test('while Redis is away no key is taken, and what has none is served', async () => {
  const redis = await startRedis()
  await using upstream = await startRawUpstream((socket) => answer(socket, 1))
  await using gateway = await startGateway({
    magentoUrl: upstream.url,
    gateway: { store: { redis: 'env:REDIS' } },
    env: { REDIS: redis.url },
  })
  await redis[Symbol.asyncDispose]()
  const post = (headers: Record<string, string>) =>
    send(gateway.url, {
      method: 'POST',
      path,
      headers: { ...globexHeaders, ...json, ...headers },
      body: '{}',
    })
  const refused = await post({ 'Idempotency-Key': newKey() })
  assert.equal(refused.status, 503)
  assert.equal(problemOf(refused).code, 'idempotency-unavailable')
  assert.equal(refused.headers['retry-after'], '5')
  assert.equal(upstream.requests.length, 0)
  assert.equal((await post({})).status, 200)
})

describe('where Redis takes nothing for a while', () => {
  let redis: TestRedis
  let upstream: RawUpstream
  let gateway: TestGateway
  let respond: (socket: Socket) => void
  beforeEach(async () => {
    redis = await startRedis()
    upstream = await startRawUpstream((socket) => respond(socket))
    gateway = await startGateway({
      magentoUrl: upstream.url,
      gateway: { store: { redis: 'env:REDIS' } },
      integrations: [globex],
      env: { REDIS: redis.url },
    })
  })
  afterEach(async () => {
    redis.thaw()
    await gateway[Symbol.asyncDispose]()
    await upstream[Symbol.asyncDispose]()
    await redis[Symbol.asyncDispose]()
  })

  const post = (key: string) =>
    send(gateway.url, {
      method: 'POST',
      path,
      headers: { ...globexHeaders, ...json, 'Idempotency-Key': key },
      body: '{}',
    })

  /** Sends a request until its key is looked at, since Redis may miss the deadline on a busy machine. */
  async function postWhenBack(key: string): Promise<ClientAnswer> {
    for (;;) {
      const answered = await post(key)
      if (!answered.body.includes('idempotency-unavailable')) return answered
    }
  }

  /** Has Redis refuse to write from before Magento's answer on. */
  function answerReadOnly(status?: string): (socket: Socket) => void {
    return (socket) => {
      const replica = withClient(redis.url, (client) => client.replicaof('127.0.0.1', 1))
      void replica.then(() => answer(socket, 1, status))
    }
  }

  const writable = () => withClient(redis.url, (client) => client.replicaof('NO', 'ONE'))

  test('a key that it takes too late is free again', async () => {
    const key = newKey()
    redis.freeze()
    assert.equal(problemOf(await post(key)).code, 'idempotency-unavailable')
    redis.thaw()
    respond = (socket) => answer(socket, 0)
    assert.equal((await postWhenBack(key)).status, 200)
  })

  test('the answer to a request under way is kept when it is back', async () => {
    const key = newKey()
    respond = answerReadOnly()
    const first = await postWhenBack(key)
    assert.equal(first.status, 200)
    await writable()
    respond = (socket) => answer(socket, 0)
    const second = await postWhenBack(key)
    assert.deepEqual([second.status, second.body], [200, first.body])
    assert.equal(second.headers['idempotency-replayed'], 'true')
  })

  test('the key of a request that Magento did not carry out is free when it is back', async () => {
    const key = newKey()
    respond = answerReadOnly('503 Service Unavailable')
    assert.equal((await postWhenBack(key)).status, 503)
    await writable()
    respond = (socket) => answer(socket, 0)
    const second = await postWhenBack(key)
    assert.deepEqual([second.status, second.body], [200, '{"answer":0}'])
  })
})

test('an answer leaves when its key has it, and not before', async () => {
  await using redis = await startRedis()
  await using upstream = await startHeldUpstream()
  await using gateway = await startGateway({
    magentoUrl: upstream.url,
    // However busy the machine is, Redis is not away.
    gateway: { store: { redis: 'env:REDIS', deadlineMs: 60_000 } },
    env: { REDIS: redis.url },
  })
  let isAnswered = false
  const headers = { ...globexHeaders, ...json, 'Idempotency-Key': newKey() }
  const answered = send(gateway.url, { method: 'POST', path, headers, body: '{}' }).then(
    ({ status }) => {
      isAnswered = true
      return status
    },
  )
  const held = await upstream.next()
  redis.freeze()
  held.answer()
  // By now it would have left.
  for (let time = 0; time < 20; time += 1) await send(gateway.adminUrl, { path: '/livez' })
  assert.equal(isAnswered, false)
  redis.thaw()
  assert.equal(await answered, 200)
})

test('a key that Redis lost leads to the answer all the same, and no request frees that of another', async () => {
  await using redis = await startRedis()
  await using upstream = await startRawUpstream((socket) => held.push(socket))
  const held: Socket[] = []
  await using gateway = await startGateway({
    magentoUrl: upstream.url,
    // However busy the machine is, Redis is not away.
    gateway: { store: { redis: 'env:REDIS', deadlineMs: 60_000 } },
    env: { REDIS: redis.url },
  })
  const headers = { ...globexHeaders, ...json, 'Idempotency-Key': 'lost' }
  const post = () => send(gateway.url, { method: 'POST', path, headers, body: '{}' })
  const first = post()
  await upstream.requestsReach(1)
  await withClient(redis.url, (client) => client.flushall())
  const second = post()
  await upstream.requestsReach(2)
  // Magento says that it has not carried out the first one.
  answer(held[0] as Socket, 1, '503 Service Unavailable')
  assert.equal((await first).status, 503)
  upstream.answer = (socket) => answer(socket, 3)
  assert.equal(problemOf(await post()).code, 'idempotency-conflict')
  answer(held[1] as Socket, 2)
  assert.equal((await second).body, '{"answer":2}')
  assert.equal((await post()).body, '{"answer":2}')
  await withClient(redis.url, (client) => client.flushall())
  upstream.answer = (socket) => held.push(socket)
  const third = post()
  await upstream.requestsReach(3)
  await withClient(redis.url, (client) => client.flushall())
  answer(held[2] as Socket, 3)
  assert.equal((await third).body, '{"answer":3}')
  assert.equal((await post()).headers['idempotency-replayed'], 'true')
})
