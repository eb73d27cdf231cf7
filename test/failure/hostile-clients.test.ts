import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { beforeEach, describe, test } from 'node:test'
import { unanswerable } from '../../src/server/answer.ts'
import { globex, startGateway } from '../support/gateway.ts'
import { startHeldUpstream } from '../support/held-upstream.ts'
import { globexHeaders, send, sendRaw } from '../support/http-client.ts'
import { startMagento } from '../support/magento-for-tests.ts'
import { answerEmpty, answerWith, startRawUpstream } from '../support/raw-upstream.ts'
import { shared } from '../support/shared.ts'

const requestTimeoutMs = 1_000
const bodyBytes = 65_536

const magento = await shared(startMagento())
const gateway = await shared(
  startGateway({
    magentoUrl: magento.url,
    integrations: [globex],
    gateway: {
      listen: { requestTimeoutMs },
      limits: { bodyBytes },
    },
  }),
)

let receivedBefore = 0
beforeEach(() => {
  receivedBefore = magento.received.length
})
const receivedSince = () => magento.received.length - receivedBefore

const token = `Authorization: ${globexHeaders.Authorization}\r\n`
const path = '/rest/V1/products/24-MB01'
const get = `GET ${path} HTTP/1.1\r\nHost: a\r\n${token}`
const post = `POST /rest/V1/products HTTP/1.1\r\nHost: a\r\n${token}Content-Type: application/json\r\n`
const smuggled = `GET ${path}?smuggled HTTP/1.1\r\nHost: a\r\n${token}\r\n`

/** The status codes of all answers on a connection, in order. */
function statusesIn(answers: string): number[] {
  return [...answers.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status))
}

describe('refuses what could be framed in two ways, and forwards nothing of it', () => {
  const bodyOf = (length: number | string) => `Content-Length: ${length}\r\n`
  const chunked = 'Transfer-Encoding: chunked\r\n'
  for (const [name, bytes] of Object.entries({
    'a length beside chunks': `${post}${bodyOf(5)}${chunked}\r\n0\r\n\r\n${smuggled}`,
    'chunks beside a length': `${post}${chunked}${bodyOf(5)}\r\n0\r\n\r\n${smuggled}`,
    'two lengths': `${post}${bodyOf(2)}${bodyOf(30)}\r\n{}${smuggled}`,
    'one length twice': `${post}${bodyOf(2)}${bodyOf(2)}\r\n{}${smuggled}`,
    'a list of lengths': `${post}${bodyOf('2, 2')}\r\n{}${smuggled}`,
    'a negative length': `${post}${bodyOf(-2)}\r\n{}${smuggled}`,
    'a length with a sign': `${post}${bodyOf('+2')}\r\n{}${smuggled}`,
    'a length in hex': `${post}${bodyOf('0x2')}\r\n{}${smuggled}`,
    'a length that overflows': `${post}${bodyOf('18446744073709551618')}\r\n{}${smuggled}`,
    'a space before the colon': `${post}Content-Length : 2\r\n\r\n{}${smuggled}`,
    'another coding': `${post}Transfer-Encoding: identity\r\n\r\n{}${smuggled}`,
    'another coding after chunks': `${post}Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n${smuggled}`,
    'a coding that looks like chunks': `${post}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n${smuggled}`,
    'two codings': `${post}${chunked}Transfer-Encoding: identity\r\n\r\n0\r\n\r\n${smuggled}`,
    'a chunk size that is none': `${post}${chunked}\r\nzz\r\n{}\r\n0\r\n\r\n${smuggled}`,
    'a chunk size with a space': `${post}${chunked}\r\n2 \r\n{}\r\n0\r\n\r\n${smuggled}`,
    'a chunk size that overflows': `${post}${chunked}\r\n10000000000000002\r\n{}\r\n0\r\n\r\n${smuggled}`,
    'a chunk that ends elsewhere': `${post}${chunked}\r\n1\r\n{}\r\n0\r\n\r\n${smuggled}`,
    'lines that end in LF alone': `${post.replaceAll('\r\n', '\n')}Content-Length: 2\n\n{}${smuggled}`,
    'a header that ends in LF alone': `${get}X-A: b\nX-B: c\r\n\r\n`,
    'a header that ends in CR alone': `${get}X-A: b\rX-B: c\r\n\r\n`,
    'a folded header': `${get}X-A: b\r\n c\r\n\r\n`,
    'a header without a name': `${get}: b\r\n\r\n`,
    'a NUL in a header': `${get}X-A: \0\r\n\r\n`,
    'a header name with a space': `${get}X A: b\r\n\r\n`,
    'a body that a GET carries': `${get}${bodyOf(smuggled.length)}\r\n${smuggled}`,
  })) {
    test(name, async () => {
      const answers = await sendRaw(gateway.url, bytes)
      assert.deepEqual(statusesIn(answers), [400], answers)
      assert.equal(receivedSince(), 0)
    })
  }
})

describe('refuses what is no request to a resource', () => {
  for (const [name, bytes, status] of [
    ['an absolute target', `GET http://a${path} HTTP/1.1\r\nHost: a\r\n${token}\r\n`, 400],
    ['an asterisk', `OPTIONS * HTTP/1.1\r\nHost: a\r\n${token}Connection: close\r\n\r\n`, 400],
    ['CONNECT', `CONNECT 127.0.0.1:80 HTTP/1.1\r\nHost: a\r\n${token}\r\n`, 400],
    ['the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400],
    ['HTTP/0.9', `GET ${path}\r\n\r\n`, 400],
    ['a version that is none', `GET ${path} HTTP/9.9\r\nHost: a\r\n${token}\r\n`, 400],
    ['a method that is none', `GE(T ${path} HTTP/1.1\r\nHost: a\r\n${token}\r\n`, 400],
    ['TLS', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', 400],
  ] as const) {
    test(name, async () => {
      const bytes_ = bytes.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n')
      const answers = await sendRaw(gateway.url, Buffer.from(bytes_, 'latin1'))
      assert.deepEqual(statusesIn(answers), [status], answers)
      assert.equal(receivedSince(), 0)
    })
  }
})

test('an Upgrade is ignored', async () => {
  const upgrade = 'Connection: upgrade, close\r\nUpgrade: websocket\r\n'
  const answers = await sendRaw(gateway.url, `${get}${upgrade}\r\n`)
  assert.deepEqual(statusesIn(answers), [200])
  assert.equal(receivedSince(), 1)
})

test('requests that are pipelined are answered in order, each with a record of its own', async () => {
  const before_ = (await gateway.auditRecords(0)).length
  const answers = await sendRaw(
    gateway.url,
    `${get}\r\nGET ${path} HTTP/1.1\r\nHost: a\r\n\r\n${get}Connection: close\r\n\r\n`,
  )
  assert.deepEqual(statusesIn(answers), [200, 401, 200])
  const records = await gateway.auditRecords(before_ + 3)
  assert.deepEqual(
    records
      .slice(before_)
      .map(({ status }) => status)
      .sort(),
    [200, 200, 401],
  )
})

describe('a 100 stands before the answer to a pipelined request, and not within it, if the request', () => {
  const expect = 'Expect: 100-continue\r\n'
  for (const [what, request] of Object.entries({
    'is refused': `GET /wp-login.php HTTP/1.1\r\nHost: a\r\n${expect}\r\n`,
    'is an accepted one': `${get}${expect}\r\n`,
    'has a long answer': `${get}Accept: long\r\n${expect}\r\n`,
    'has a long answer that is cached': `${get.replace(path, '/rest/V1/categories')}Accept: long\r\n${expect}\r\n`,
  })) {
    test(what, async () => {
      const first = Promise.withResolvers<Socket>()
      await using upstream = await startRawUpstream((socket, text) => {
        if (text.includes('accept: held')) first.resolve(socket)
        else answerWith(socket, { body: 'x'.repeat(text.includes('accept: long') ? 100_000 : 9) })
      })
      const route = 'GET /V1/categories'
      const policies = { ...globex.policies, routes: [...globex.policies.routes, route] }
      const cache = { [route]: { ttlSeconds: 60 } }
      await using own = await startGateway({
        magentoUrl: upstream.url,
        integrations: [{ ...globex, policies: { ...policies, cache } }],
      })
      const held = `${get}Accept: held\r\n\r\n`
      const reading = sendRaw(own.url, `${held}${request}${get}Connection: close\r\n\r\n`)
      const socket = await first.promise
      // By the time that another caller has its answer, that to the second request waits for the first one.
      await upstream.requestsReach(request.includes(token) ? 3 : 2)
      assert.equal((await send(own.url, { headers: globexHeaders })).status, 200)
      answerEmpty(socket)
      const answers = await reading
      assert.equal(statusesIn(answers).filter((status) => status === 100).length, 1)
      assert.ok(answers.includes('HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 '))
      assert.equal(statusesIn(answers).at(-1), 200)
    })
  }
})

test('a request behind a refused write whose body did not wait for a 100 is answered', async () => {
  const fields = 'Host: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n{}'
  const refused = `POST /wp-login.php HTTP/1.1\r\n${fields}`
  const answers = await sendRaw(gateway.url, `${refused}${get}Connection: close\r\n\r\n`)
  assert.deepEqual(statusesIn(answers), [100, 400, 200], answers)
  assert.equal(receivedSince(), 1)
  const toHttp10 = await sendRaw(gateway.url, `POST /wp-login.php HTTP/1.0\r\n${fields}`)
  assert.deepEqual(statusesIn(toHttp10), [400], toHttp10)
})

test('a request that is pipelined after the last answer of its connection is not carried out', async () => {
  const before_ = (await gateway.auditRecords(0)).length
  const refused = 'GET /rest/V1/%00 HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}'
  const answers = await sendRaw(gateway.url, `${refused}${get}\r\n${get}\r\n`)
  assert.deepEqual(statusesIn(answers), [400], answers)
  assert.match(answers, /Connection: close/)
  const records = (await gateway.auditRecords(before_ + 3)).slice(before_)
  assert.deepEqual(records.map(({ status }) => status).sort(), [400, 499, 499])
  assert.equal(records.filter(({ reason }) => reason === unanswerable.reason).length, 2)
  assert.equal(receivedSince(), 0)
})

test('a connection may carry any number of pipelined requests, a few at a time', async () => {
  const { hostname, port } = new URL(gateway.url)
  const socket = connect(Number(port), hostname).setEncoding('latin1')
  let answers = ''
  for (let count = 2; count <= 100; count += 2) {
    socket.write(`${get}\r\n`.repeat(2))
    while (statusesIn(answers).length < count) {
      const [chunk] = await once(socket, 'data')
      answers += chunk
    }
  }
  assert.deepEqual(statusesIn(answers), Array(100).fill(200))
  socket.destroy()
})

test('a connection with too many pipelined requests is ended', async () => {
  const arrived: Socket[] = []
  await using upstream = await startRawUpstream((socket) => arrived.push(socket))
  await using bounded = await startGateway({
    magentoUrl: upstream.url,
    integrations: [globex],
  })
  const reading = sendRaw(bounded.url, `${get}\r\n`.repeat(500))
  // The first one and those that may wait for it.
  await upstream.requestsReach(33)
  upstream.answer = answerEmpty
  for (const socket of arrived) answerEmpty(socket)
  const answers = await reading
  assert.deepEqual(statusesIn(answers), [...Array(33).fill(200), 429])
  assert.match(answers, /HTTP\/1\.1 429 .+\r\n(?:.+\r\n)*?Retry-After: 1\r\n/)
  assert.equal(upstream.requests.length, 33)
  // Each one is recorded, answered or not.
  await bounded.auditRecords(500)
})

test('a body that breaks off behind a request that waits for Magento is refused after the answer to that', async () => {
  await using upstream = await startHeldUpstream()
  await using behind = await startGateway({ magentoUrl: upstream.url, integrations: [globex] })
  const reading = sendRaw(behind.url, `${get}\r\n${post}Transfer-Encoding: chunked\r\n\r\nzz\r\n`)
  const { answer } = await upstream.next()
  answer()
  assert.deepEqual(statusesIn(await reading), [200, 400])
  const records = await behind.auditRecords(2)
  assert.deepEqual(records.map(({ status }) => status).sort(), [200, 400])
})

test('what is no HTTP is refused once, however many pieces of it come behind a request that waits', async () => {
  await using upstream = await startHeldUpstream()
  await using behind = await startGateway({ magentoUrl: upstream.url, integrations: [globex] })
  const { hostname, port } = new URL(behind.url)
  const socket = connect(Number(port), hostname)
  socket.write(`${get}\r\nNONSENSE\r\n\r\n`)
  const { answer } = await upstream.next()
  socket.write('MORE NONSENSE\r\n\r\n')
  // What was sent before it has been read when it is answered.
  assert.equal((await send(behind.url)).status, 401)
  answer()
  assert.deepEqual(statusesIn(await text(socket)), [200, 400])
  const records = await behind.auditRecords(3)
  assert.deepEqual(records.map(({ status }) => status).sort(), [200, 400, 401])
})

test('a flood of requests behind the last answer of a connection ends it, whoever waits for an earlier one', async () => {
  await using upstream = await startRawUpstream(() => undefined)
  await using flooded = await startGateway({
    magentoUrl: upstream.url,
    integrations: [globex],
  })
  const { hostname, port } = new URL(flooded.url)
  const socket = connect(Number(port), hostname)
  socket.on('error', () => undefined)
  const closed = once(socket, 'close')
  socket.write(`${get}\r\n`.repeat(40))
  await upstream.requestsReach(33)
  socket.resume().write('GET / HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(1_200))
  await closed
})

test('a caller that asks for a tunnel and resets its connection does not end the process', async () => {
  await using upstream = await startHeldUpstream()
  await using behind = await startGateway({ magentoUrl: upstream.url, integrations: [globex] })
  const { hostname, port } = new URL(behind.url)
  const socket = connect(Number(port), hostname)
  socket.on('error', () => undefined)
  // The refusal of the tunnel waits for the answer to the request before it.
  socket.write(`${get}\r\nCONNECT 127.0.0.1:80 HTTP/1.1\r\nHost: a\r\n\r\n`)
  await upstream.next()
  socket.resetAndDestroy()
  const [record] = await behind.auditRecords(1)
  assert.equal(record?.code, 'client-closed')
  assert.equal((await send(behind.url)).status, 401)
})

describe('gives up a body that is too large', () => {
  test('when it is announced', async () => {
    const answers = await sendRaw(gateway.url, `${post}Content-Length: 1073741824\r\n\r\n`)
    assert.deepEqual(statusesIn(answers), [413])
  })

  test('when it has come', async () => {
    const chunk = `8000\r\n${' '.repeat(0x8000)}\r\n`
    const answers = await sendRaw(
      gateway.url,
      `${post}Transfer-Encoding: chunked\r\n\r\n${chunk.repeat(3)}`,
    )
    assert.deepEqual(statusesIn(answers), [413])
  })
})

test('gives up a header section that is too large', async () => {
  const answers = await sendRaw(gateway.url, `${get}X-A: ${'a'.repeat(17_000)}\r\n\r\n`)
  assert.deepEqual(statusesIn(answers), [431])
})

describe('gives up what does not arrive in time', () => {
  for (const [name, begin, drip] of [
    ['a header section', get, 'X: y\r\n'],
    ['a body', `${post}Content-Length: 1000\r\n\r\n`, ' '],
    ['a body in chunks', `${post}Transfer-Encoding: chunked\r\n\r\n`, '1\r\n \r\n'],
  ] as const) {
    test(`${name} that drips`, async () => {
      const socket = open()
      socket.write(begin)
      const dripping = setInterval(() => socket.write(drip), 50)
      try {
        assert.deepEqual(statusesIn(await text(socket)), [408])
      } finally {
        clearInterval(dripping)
      }
      assert.equal(receivedSince(), 0)
    })
  }
})

test('serves on beside hundreds of connections that say nothing', async () => {
  const idle = Array.from({ length: 500 }, open)
  try {
    await Promise.all(idle.map((socket) => once(socket, 'connect')))
    assert.equal((await send(gateway.url, { headers: globexHeaders })).status, 200)
  } finally {
    for (const socket of idle) socket.destroy()
  }
})

function open(): Socket {
  const { hostname, port } = new URL(gateway.url)
  // The other side may end it while something is on its way.
  return connect(Number(port), hostname).on('error', () => undefined)
}
