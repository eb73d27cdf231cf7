import assert from 'node:assert/strict'
import { once } from 'node:events'
import { describe, test } from 'node:test'
import { globexHeaders } from '../support/http-client.ts'
import { openSession, sendOver } from '../support/http2-client.ts'
import {
  endHeaders,
  endStream,
  frame,
  frameTypes,
  getFields,
  literals,
  openRawHttp2,
  type RawHttp2,
  type ReceivedFrame,
} from '../support/http2-frames.ts'
import { loopbackTls } from '../support/tls/pem.ts'
import { watchedGateway } from './watched-gateway.ts'

const { data, headers, rstStream, settings, ping, goaway, continuation } = frameTypes

const { url, forwarded } = await watchedGateway({ tls: loopbackTls })
const hurried = await watchedGateway({
  tls: loopbackTls,
  requestTimeoutMs: 1_000,
  idleMs: 3_600_000,
})

const get = getFields('/rest/V1/products/24-MB01', globexHeaders.Authorization)
const post = get.map(([name, value]) => [name, name === ':method' ? 'POST' : value] as const)
const getFrame = (stream: number) => frame(headers, endStream | endHeaders, stream, literals(get))
const codeOf = ({ type, payload }: ReceivedFrame) => payload.readUInt32BE(type === goaway ? 4 : 0)

describe('refuses a request of HTTP/2 that HTTP/1.1 could be read into, and forwards nothing of it', () => {
  const refused: Record<string, typeof get> = {
    'a field of the connection': [...get, ['connection', 'close']],
    'chunks beside frames': [...get, ['transfer-encoding', 'chunked']],
    Upgrade: [...get, ['upgrade', 'websocket']],
    'Keep-Alive': [...get, ['keep-alive', 'a']],
    'TE for more than trailers': [...get, ['te', 'gzip']],
    'a name in capitals': [...get, ['X-A', 'b']],
    'two methods': [...get, [':method', 'POST']],
    'two paths': [...get, [':path', '/rest/V1/orders']],
    'a pseudo-header field that is none': [...get, [':a', 'b']],
    'a pseudo-header field behind the others': [...get.slice(1), [':method', 'GET']],
    'no path': get.filter(([field]) => field !== ':path'),
    'an empty path': get.map(([field, value]) => [field, field === ':path' ? '' : value]),
    'a space in the method': get.map(([field, value]) => [
      field,
      field === ':method' ? 'GET /rest/V1/orders HTTP/1.1' : value,
    ]),
    'a length that is none': [...get, ['content-length', '+0']],
    'a length without a body': [...get, ['content-length', '10']],
  }
  for (const [name, fields] of Object.entries(refused)) {
    test(name, async () => {
      using raw = await openRawHttp2(url)
      raw.socket.write(frame(headers, endStream | endHeaders, 1, literals(fields)))
      assert.equal(codeOf(await raw.firstOf(rstStream, 1)), 1)
      assert.equal(forwarded().length, 0)
    })
  }

  test('a body longer than its length', async () => {
    using raw = await openRawHttp2(url)
    const fields = [
      ...post.map(
        ([name, value]) => [name, name === ':path' ? '/rest/V1/products' : value] as const,
      ),
      ...[['content-type', 'application/json'] as const, ['content-length', '2'] as const],
    ]
    raw.socket.write(frame(headers, endHeaders, 1, literals(fields)))
    raw.socket.write(frame(data, endStream, 1, Buffer.from('{}GET /smuggled HTTP/1.1\r\n\r\n')))
    // Node may end the connection before it has told why.
    const reset = await raw.firstOf(rstStream, 1).catch(() => undefined)
    assert.notEqual(reset && codeOf(reset), 0)
    assert.equal(forwarded().length, 0)
  })

  test('white space around a value, instead of leaving out the field', async () => {
    const session = await openSession(url)
    for (const value of ['"a" ', ' "a"', '"a"\t']) {
      const { status, body } = await sendOver(session, { 'if-match': value })
      assert.deepEqual([status, JSON.parse(body).code], [400, 'bad-request'])
    }
    session.destroy()
    assert.equal(forwarded().length, 0)
  })

  // nghttp2 leaves such a field out (NGHTTP2_ERR_IGN_HTTP_HEADER).
  for (const [name, field] of Object.entries({
    'a line break in a value': ['x-a', 'b\r\ntransfer-encoding: chunked'],
    'a line break in a name': ['x-a: b\r\nx-b', 'c'],
    'a colon in a name': ['x-a: b', 'c'],
    'a NUL in a value': ['x-a', 'b\0'],
  } as const)) {
    test(`${name}: the field is left out`, async () => {
      using raw = await openRawHttp2(url)
      raw.socket.write(frame(headers, endStream | endHeaders, 1, literals([...get, field])))
      await raw.firstOf(headers, 1)
      assert.equal(forwarded().length, 1)
      assert.doesNotMatch(forwarded().at(-1) ?? '', /x-a|chunked/)
    })
  }

  for (const [name, path] of Object.entries({
    'a line break in the path': '/rest/V1/products/a HTTP/1.1\r\nHost: b\r\n\r\n',
    'a space in the path': '/rest/V1/products/a HTTP/1.1',
    'an absolute path': 'https://a/rest/V1/products/a',
  })) {
    test(name, async () => {
      using raw = await openRawHttp2(url)
      const fields = get.map(([field, value]) => [field, field === ':path' ? path : value] as const)
      raw.socket.write(frame(headers, endStream | endHeaders, 1, literals(fields)))
      await Promise.race([raw.firstOf(rstStream, 1), raw.firstOf(headers, 1)])
      assert.equal(forwarded().length, 0)
    })
  }
})

describe('ends a connection that asks for too much, and serves the others', () => {
  const zeros = (length: number) => Buffer.alloc(length)
  const floods: Record<string, (raw: RawHttp2, turn: number) => void> = {
    'streams that are opened and reset': ({ socket }, turn) => {
      socket.write(getFrame(2 * turn + 1))
      socket.write(frame(rstStream, 0, 2 * turn + 1, Buffer.from([0, 0, 0, 8])))
    },
    'streams beside more than may be open': ({ socket }, turn) => {
      socket.write(frame(headers, endHeaders, 2 * turn + 1, literals(post)))
    },
    'a header section without an end': ({ socket }, turn) => {
      if (turn === 0) socket.write(frame(headers, endStream, 1, literals(get)))
      socket.write(frame(continuation, 0, 1, literals([['x-a', 'b'.repeat(100)]])))
    },
    'continuations of nothing': ({ socket }, turn) => {
      if (turn === 0) socket.write(frame(headers, endStream, 1, literals(get)))
      socket.write(frame(continuation, 0, 1, zeros(0)))
    },
    'requests that break the protocol': ({ socket }, turn) => {
      const fields = [...get, ['connection', 'close']] as const
      socket.write(frame(headers, endStream | endHeaders, 2 * turn + 1, literals(fields)))
    },
    'frames of data that are empty': ({ socket }, turn) => {
      if (turn === 0) socket.write(frame(headers, endHeaders, 1, literals(post)))
      socket.write(frame(data, 0, 1, zeros(0)))
    },
    'pings whose answers it does not read': ({ socket }) => {
      socket.pause()
      socket.write(Buffer.concat(Array.from({ length: 100 }, () => frame(ping, 0, 0, zeros(8)))))
    },
    'settings whose answers it does not read': ({ socket }) => {
      socket.pause()
      const frames = Array.from({ length: 100 }, () => frame(settings, 0, 0, zeros(0)))
      socket.write(Buffer.concat(frames))
    },
  }
  for (const [name, flood] of Object.entries(floods)) {
    test(name, async () => {
      using raw = await openRawHttp2(url)
      let isEnded = false
      const ended = raw.ended.then(() => {
        isEnded = true
      })
      for (let turn = 0; !isEnded && turn < 20_000; turn += 1) {
        flood(raw, turn)
        if (turn % 50 === 49) await new Promise(setImmediate)
      }
      raw.socket.resume()
      await ended
      // A few may have been under way before the bound was met.
      assert.ok(forwarded().length <= 400, String(forwarded().length))
      const other = await openSession(url)
      assert.equal((await sendOver(other)).status, 200)
      other.destroy()
    })
  }
})

test('a header section that is too large is refused', async () => {
  using raw = await openRawHttp2(url)
  const fields = [...get, ...Array.from({ length: 90 }, () => ['x-a', 'b'.repeat(200)] as const)]
  raw.socket.write(frame(headers, endStream, 1, literals(fields.slice(0, 60))))
  raw.socket.write(frame(continuation, endHeaders, 1, literals(fields.slice(60))))
  // RFC 9113, section 10.5.1: ENHANCE_YOUR_CALM.
  assert.equal(codeOf(await raw.firstOf(rstStream, 1)), 11)
  assert.equal(forwarded().length, 0)
})

describe('ends a connection without a request', () => {
  test('that only says hello', async () => {
    using raw = await openRawHttp2(hurried.url)
    assert.ok((await raw.ended).some(({ type }) => type === goaway))
  })

  test('that drips pings', async () => {
    using raw = await openRawHttp2(hurried.url)
    const dripping = setInterval(() => raw.socket.write(frame(ping, 0, 0, Buffer.alloc(8))), 50)
    await raw.ended
    clearInterval(dripping)
  })

  test('that is not closed by its caller', async () => {
    using raw = await openRawHttp2(hurried.url, { allowHalfOpen: true })
    await once(raw.socket, 'end')
    const dripping = setInterval(() => raw.socket.write(frame(ping, 0, 0, Buffer.alloc(8))), 50)
    await raw.ended
    clearInterval(dripping)
  })

  test('that begins a header section and leaves it at that', async () => {
    using raw = await openRawHttp2(hurried.url)
    raw.socket.write(frame(headers, endStream, 1, literals(get)))
    await raw.ended
    assert.equal(hurried.forwarded().length, 0)
  })
})
