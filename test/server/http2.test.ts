import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { ClientHttp2Session } from 'node:http2'
import { request as httpsRequest } from 'node:https'
import type { Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { connect as connectTls } from 'node:tls'
import { globex, startGateway } from '../support/gateway.ts'
import { globexHeaders } from '../support/http-client.ts'
import { answerOn, begin, openSession, resetOf, sendOver } from '../support/http2-client.ts'
import {
  endHeaders,
  endStream,
  frame,
  frameTypes,
  literals,
  openRawHttp2,
} from '../support/http2-frames.ts'
import { scrapeUntil } from '../support/metrics.ts'
import { answerEmpty, answerWith, startRawUpstream } from '../support/raw-upstream.ts'
import { shared } from '../support/shared.ts'
import { loopbackTls, pem } from '../support/tls/pem.ts'

const bodyBytes = 65_536
const requestTimeoutMs = 1_000
const json = { 'content-type': 'application/json' }
const postProduct = { ':method': 'POST', ':path': '/rest/V1/products', ...json }
const product = '{"product":{"sku":"A"}}'

let session: ClientHttp2Session
const upstream = await shared(startRawUpstream())
const gateway = await shared(
  startGateway({
    magentoUrl: upstream.url,
    integrations: [globex],
    gateway: {
      listen: { tls: loopbackTls, requireHttps: true, requestTimeoutMs, hsts: {} },
      limits: { bodyBytes },
    },
  }),
)

let receivedBefore = 0
beforeEach(async () => {
  upstream.answer = answerEmpty
  receivedBefore = upstream.requests.length
  session = await openSession(gateway.url)
})
afterEach(() => session.destroy())

const received = () => upstream.requests.slice(receivedBefore)
/** What differs from request to request. */
const withoutIds = (request: string) =>
  request.replaceAll(/^(?:x-request-id|traceparent): .*\r\n/gm, '')
const bodyOf = (request: string) => request.slice(request.indexOf('\r\n\r\n') + 4)

describe('a request over HTTP/2', () => {
  test('reaches Magento as one over HTTP/1.1 does', async () => {
    const fields = { accept: 'application/json', 'x-own': 'a', cookie: 'a=1' }
    const { status, headers } = await sendOver(session, fields)
    assert.equal(status, 200)
    assert.match(headers['x-request-id'] as string, /^[0-9a-f-]{36}$/)
    const over1 = httpsRequest(`${gateway.url}/rest/V1/products/24-MB01`, {
      headers: { ...globexHeaders, ...fields },
      ca: pem('loopback.cert'),
      agent: false,
    }).end()
    const [answer] = await once(over1, 'response')
    assert.equal(await text(answer), '{}')
    const [second, first] = received().map(withoutIds)
    assert.equal(sorted(second), sorted(first))
  })

  test('may have as many fields as fit into a header section', async () => {
    const fields = Array.from({ length: 300 }, (_, index) => [`x-${index}`, 'a'])
    assert.equal((await sendOver(session, Object.fromEntries(fields))).status, 200)
    assert.match(received()[0] ?? '', /^x-299: a\r$/m)
  })

  test('is recorded', async () => {
    const { headers } = await sendOver(session)
    const record = await gateway.recordOf(headers['x-request-id'])
    const { method, path, status, integration, clientIp } = record
    assert.deepEqual(
      { method, path, status, integration, clientIp },
      {
        method: 'GET',
        path: '/rest/V1/products/24-MB01',
        status: 200,
        integration: 'globex-pim',
        clientIp: '127.0.0.1',
      },
    )
  })

  test('is held against the same policies', async () => {
    const refused = async (fields: Record<string, string>) => {
      const { status, body } = await sendOver(session, fields)
      return [status, JSON.parse(body).code]
    }
    assert.deepEqual(await refused({ Authorization: 'Bearer x' }), [401, 'unauthenticated'])
    const dots = { ':path': '/rest/V1/products/../orders' }
    assert.deepEqual(await refused(dots), [400, 'bad-request-target'])
    assert.deepEqual(await refused({ ':method': 'PATCH' }), [405, 'method-not-allowed'])
    assert.deepEqual(await refused({ expect: 'x' }), [417, 'expectation-failed'])
    assert.deepEqual(received(), [])
  })

  test('with HEAD is refused, and the connection goes on', async () => {
    assert.equal((await sendOver(session, { ':method': 'HEAD' })).status, 405)
    assert.equal((await sendOver(session)).status, 200)
  })

  test('with a text for a method that is none is refused and recorded, without that text', async () => {
    for (const method of ['FOO', 'get', 'Secret-0123456789']) {
      const { status, headers, body } = await sendOver(session, { ':method': method })
      assert.deepEqual([status, JSON.parse(body).code], [405, 'method-not-allowed'])
      const record = await gateway.recordOf(headers['x-request-id'])
      assert.deepEqual([record.method, record.status], ['UNKNOWN', 405])
    }
    const { status } = await sendOver(session, { ':method': 'FOO', ':path': '/x' })
    assert.equal(status, 400)
  })

  test('with CONNECT is refused', async () => {
    const { status } = await answerOn(
      session.request({ ':method': 'CONNECT', ':authority': 'a:1' }),
    )
    assert.equal(status, 400)
  })

  test('may name its authority as Host too, and no other one', async () => {
    const authority = new URL(gateway.url).host
    assert.equal((await sendOver(session, { host: authority })).status, 200)
    const { status, body } = await sendOver(session, { ':authority': authority, host: 'other' })
    assert.equal(status, 400)
    assert.match(JSON.parse(body).detail, /host/)
  })

  test('gets Strict-Transport-Security, and none of Magento', async () => {
    const headers = { 'Strict-Transport-Security': 'max-age=1' }
    upstream.answer = (socket) => answerWith(socket, { headers })
    const answer = await sendOver(session)
    assert.equal(answer.headers['strict-transport-security'], 'max-age=31536000')
  })
})

describe('a body over HTTP/2', () => {
  test('reaches Magento byte for byte, with and without its length', async () => {
    const large = `{"product":{"name":"${'é'.repeat(30_000)}"}}`
    for (const body of [product, large]) {
      const length = { 'content-length': Buffer.byteLength(body) }
      assert.equal((await sendOver(session, { ...postProduct, ...length }, body)).status, 200)
      assert.equal((await sendOver(session, postProduct, body)).status, 200)
    }
    const bodies = received().map((request) => Buffer.from(bodyOf(request), 'latin1').toString())
    assert.deepEqual(bodies, [product, product, large, large])
  })

  test('without a content type does not count as absent', async () => {
    const { status } = await sendOver(session, { ...postProduct, 'content-type': '' }, product)
    assert.equal(status, 415)
    assert.deepEqual(received(), [])
  })

  test('of a GET is refused', async () => {
    assert.equal((await sendOver(session, {}, '{}')).status, 400)
  })

  test('is waited for after 100-continue', async () => {
    // RFC 9110, section 10.1.1: case does not matter.
    for (const expect of ['100-continue', '100-Continue']) {
      const stream = begin(session, { ...postProduct, expect })
      await once(stream, 'continue')
      stream.end(product)
      assert.equal((await answerOn(stream)).status, 200)
    }
  })

  test('that is too large is given up, and the connection goes on', async () => {
    const stream = begin(session, postProduct)
    stream.on('end', () => stream.end()).write(' '.repeat(bodyBytes + 1))
    assert.equal((await answerOn(stream)).status, 413)
    const announced = begin(session, { ...postProduct, 'content-length': 1_073_741_824 })
    assert.equal((await answerOn(announced)).status, 413)
    // It has been asked not to send what it announced.
    assert.equal(await resetOf(announced), 'NO_ERROR')
    assert.equal((await sendOver(session)).status, 200)
  })

  test('that is refused can be sent to its end by a caller that reads only then', async () => {
    using raw = await openRawHttp2(gateway.url)
    const { headers, data, rstStream, ping } = frameTypes
    const fields = [
      [':method', 'POST'],
      [':scheme', 'https'],
      [':authority', 'a'],
      [':path', '/wp-login.php'],
    ] as const
    raw.socket.write(frame(headers, endHeaders, 1, literals(fields)))
    await raw.firstOf(data, 1)
    raw.socket.write(frame(data, endStream, 1, Buffer.alloc(1_000)))
    raw.socket.write(frame(ping, 0, 0, Buffer.alloc(8)))
    await raw.firstOf(ping, 0)
    raw.socket.destroy()
    const frames = (await raw.ended).filter(({ stream }) => stream === 1)
    assert.ok(frames.some(({ type, flags }) => type === data && (flags & endStream) > 0))
    assert.ok(frames.every(({ type }) => type !== rstStream))
  })

  test('that does not arrive in time is given up', async () => {
    const stream = begin(session, postProduct)
    stream.on('end', () => stream.end()).write('{')
    const { status, body } = await answerOn(stream)
    assert.deepEqual([status, JSON.parse(body).code], [408, 'request-timeout'])
    assert.deepEqual(received(), [])
  })

  test('that breaks off does not count as complete', async () => {
    const before_ = (await gateway.auditRecords(0)).length
    const stream = begin(session, postProduct)
    stream.write(product)
    // What comes over one connection is read in order.
    assert.equal((await sendOver(session)).status, 200)
    stream.close(8)
    const records = (await gateway.auditRecords(before_ + 2)).slice(before_)
    const broken = records.find(({ method }) => method === 'POST')
    assert.match(broken?.code ?? '', /^(?:client-closed|bad-request)$/)
    assert.equal(received().length, 1)
  })
})

describe('an answer over HTTP/2', () => {
  for (const status of ['204 No Content', '304 Not Modified']) {
    test(`with ${status} has a head only`, async () => {
      upstream.answer = (socket) => socket.write(`HTTP/1.1 ${status}\r\n\r\n`)
      const answer = await sendOver(session)
      assert.deepEqual([answer.status, answer.body], [Number.parseInt(status, 10), ''])
    })
  }

  const chunked = (body: string) =>
    `Transfer-Encoding: chunked\r\n\r\n${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`
  const measured = (body: string) => `Content-Length: ${body.length}\r\n\r\n${body}`
  const long = 'a'.repeat(200_000)
  for (const [name, sent] of Object.entries({
    'a 204 with a body': `204 No Content\r\n${chunked('{}')}`,
    'a 205 with a body': `205 Reset Content\r\n${measured('{}')}`,
    'a 205 with a body in chunks': `205 Reset Content\r\n${chunked('{}')}`,
    'a 205 with a long body': `205 Reset Content\r\n${measured(long)}`,
    'a 205 with a long body in chunks': `205 Reset Content\r\n${chunked(long)}`,
    'a 304 with the length of another answer': `304 Not Modified\r\nContent-Length: 7\r\n\r\n`,
    'a 304 with a body': `304 Not Modified\r\n${chunked('{}')}`,
  })) {
    test(`to which Magento gave ${name} has a head only, and the next one comes`, async () => {
      upstream.answer = (socket) => socket.write(`HTTP/1.1 ${sent}`)
      const answer = await sendOver(session)
      assert.deepEqual([answer.status, answer.body], [Number.parseInt(sent, 10), ''])
      upstream.answer = answerEmpty
      assert.equal((await sendOver(session)).status, 200)
    })
  }

  test('has no connection-specific field, and every other field as often as Magento gave it', async () => {
    const fields = 'X-Content-Type-Options: nosniff\r\nConnection: keep-alive\r\nKeep-Alive: a\r\n'
    upstream.answer = (socket) =>
      socket.write(`HTTP/1.1 200 OK\r\n${fields.repeat(2)}Content-Length: 2\r\n\r\n{}`)
    const { headers } = await sendOver(session)
    assert.equal(headers.connection, undefined)
    assert.equal(headers['keep-alive'], undefined)
    assert.equal(headers['x-content-type-options'], 'nosniff')
  })

  test('has no white space at the end of a value, for which callers would refuse it', async () => {
    upstream.answer = (socket) =>
      socket.write('HTTP/1.1 200 OK\r\nX-A: a \t\r\nContent-Length: 2 \r\n\r\n{}')
    const { headers, body } = await sendOver(session)
    assert.deepEqual([headers['x-a'], headers['content-length'], body], ['a', '2', '{}'])
  })

  test('that is long comes whole', async () => {
    const long = 'a'.repeat(3_000_000)
    upstream.answer = (socket) => answerWith(socket, { body: long })
    const answers = await Promise.all([sendOver(session), sendOver(session), sendOver(session)])
    assert.ok(answers.every(({ body }) => body === long))
  })

  test('with a status that HTTP/2 does not have is an error, whoever asked and however long it is', async () => {
    for (const body of ['{}', 'a'.repeat(200_000)]) {
      const headers = { 'Content-Type': 'application/json' }
      upstream.answer = (socket) => answerWith(socket, { status: '600 Odd', headers, body })
      const read = await sendOver(session)
      const written = await sendOver(session, postProduct, product)
      assert.deepEqual([read.status, written.status], [502, 502])
      const keyed = { ...postProduct, 'idempotency-key': `odd-${body.length}` }
      const first = await sendOver(session, keyed, product)
      const repeated = await sendOver(session, keyed, product)
      assert.deepEqual([first.status, repeated.status], [502, 502])
    }
  })

  test('that Magento breaks off is not complete', async () => {
    upstream.answer = (socket) => {
      socket.end(`HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n${'a'.repeat(100_000)}`)
    }
    const stream = begin(session)
    assert.equal(await resetOf(stream), 'INTERNAL_ERROR')
  })

  test('that nobody waits for any more is given up at Magento', async () => {
    const before_ = (await gateway.auditRecords(0)).length
    const arrived = Promise.withResolvers<Socket>()
    upstream.answer = (socket) => arrived.resolve(socket)
    const stream = begin(session)
    const socket = await arrived.promise
    stream.close(8)
    if (!socket.destroyed) await once(socket, 'close')
    const record = (await gateway.auditRecords(before_ + 1)).at(-1)
    assert.equal(record?.code, 'client-closed')
  })
})

test('requests run beside one another on one connection', async () => {
  const waiting: Socket[] = []
  const all = Promise.withResolvers<void>()
  upstream.answer = (socket) => {
    waiting.push(socket)
    if (waiting.length === 20) all.resolve()
  }
  const answers = Array.from({ length: 20 }, () => sendOver(session))
  await all.promise
  for (const socket of waiting) answerEmpty(socket)
  assert.ok((await Promise.all(answers)).every(({ status }) => status === 200))
})

test('a connection has at most a hundred requests at once', async () => {
  assert.equal((await sendOver(session)).status, 200)
  assert.equal(session.remoteSettings.maxConcurrentStreams, 100)
})

describe('what is agreed on in the handshake', () => {
  const agreed = async (ALPNProtocols: string[], url = gateway.url) => {
    const { hostname, port } = new URL(url)
    const ca = pem('loopback.cert')
    const socket = connectTls({ host: hostname, port: Number(port), ca, ALPNProtocols })
    await once(socket, 'secureConnect')
    socket.destroy()
    return socket.alpnProtocol
  }

  test('is HTTP/2 where the caller has it, else HTTP/1.1', async () => {
    assert.equal(await agreed(['http/1.1', 'h2']), 'h2')
    assert.equal(await agreed(['http/1.1']), 'http/1.1')
    assert.equal(await agreed([]), false)
  })

  test('is HTTP/1.1 where the configuration says so', async () => {
    await using plain = await startGateway({
      magentoUrl: upstream.url,
      gateway: { listen: { tls: { ...loopbackTls, http2: false }, requireHttps: true } },
    })
    assert.equal(await agreed(['h2', 'http/1.1'], plain.url), 'http/1.1')
  })
})

test('bodies of which every byte has come, but not the end, are given up for one that is ended', async () => {
  await using small = await startGateway({
    magentoUrl: upstream.url,
    integrations: [globex],
    gateway: {
      listen: { tls: loopbackTls, requireHttps: true },
      limits: { bodyBytes, bodyMemoryMiB: 1 },
    },
  })
  const own = await openSession(small.url)
  const body = JSON.stringify({ product: { sku: 'A', name: 'a'.repeat(bodyBytes / 5) } })
  const head = { ...postProduct, 'content-length': body.length }
  // An integration leaves a quarter to the others.
  const fitting = Math.floor((1_048_576 * 3) / 4 / body.length)
  const streams = []
  while (streams.length < fitting) {
    const stream = begin(own, head, { endStream: false }).on('error', () => undefined)
    stream.write(body)
    streams.push(stream)
    // One after the other, so that each arrives in one piece, which is smaller than a record of TLS.
    const bytes = streams.length * body.length
    await scrapeUntil(small, ({ value }) => value('magegate_request_bodies_bytes') === bytes)
  }
  assert.equal((await sendOver(own, head, body)).status, 200)
  for (const stream of streams) stream.close()
  own.destroy()
})

/** The header lines of a request in one order. */
function sorted(request = ''): string {
  return request.split('\r\n').sort().join('\n')
}
