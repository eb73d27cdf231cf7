import assert from 'node:assert/strict'
import { once } from 'node:events'
import { request as httpRequest } from 'node:http'
import type { Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { describe, test } from 'node:test'
import { allValues, firstValue } from '../../src/syntax/headers.ts'
import { type GatewayOptions, startGateway, testEnv } from '../support/gateway.ts'
import {
  acmeHeaders,
  globexHeaders,
  problemOf,
  send,
  sendRaw,
  withoutRequestId,
  writeOf,
} from '../support/http-client.ts'
import { answerWith, type RawAnswer, startRawUpstream } from '../support/raw-upstream.ts'

async function startBoth(answer?: RawAnswer, gateway: GatewayOptions['gateway'] = {}) {
  const upstream = await startRawUpstream(answer)
  const gate = await startGateway({ magentoUrl: upstream.url, gateway })
  return {
    upstream,
    gateway: gate,
    [Symbol.asyncDispose]: async () => {
      await gate[Symbol.asyncDispose]()
      await upstream[Symbol.asyncDispose]()
    },
  }
}

/** A request as it came over the wire, taken apart. */
function parsed(request = '') {
  const headEnd = request.indexOf('\r\n\r\n')
  const [requestLine = '', ...lines] = request.slice(0, headEnd).split('\r\n')
  const headers = lines.flatMap((line) => {
    const colon = line.indexOf(': ')
    return [line.slice(0, colon), line.slice(colon + 2)]
  })
  return { requestLine, headers, body: request.slice(headEnd + 4) }
}

describe('sends exactly what it was given', () => {
  test('path and query, byte for byte', async () => {
    await using both = await startBoth()
    const path = "/rest/V1/products/A%2fB%20%c3%a9~?fields=items[sku],a&b=%2B+c'(d)!*;e=/?:@&f"
    await send(both.gateway.url, { path, headers: globexHeaders })
    assert.equal(parsed(both.upstream.requests[0]).requestLine, `GET ${path} HTTP/1.1`)
  })

  test('the body, byte for byte', async () => {
    await using both = await startBoth()
    const body = '{ "a": 1.10, "b": 1234567890123456,\r\n\t"c": "\\u00e9\u00e9\u{1f600}" }\n'
    await send(both.gateway.url, {
      method: 'POST',
      path: '/rest/V1/products',
      headers: { ...acmeHeaders(body), 'Content-Type': 'application/json' },
      body,
    })
    const arrived = parsed(both.upstream.requests[0])
    assert.equal(arrived.body, Buffer.from(body).toString('latin1'))
    assert.deepEqual(allValues(arrived.headers, 'content-length'), [
      String(Buffer.byteLength(body)),
    ])
  })

  test('a body that came in chunks, with its length', async () => {
    await using both = await startBoth()
    await sendRaw(
      both.gateway.url,
      `POST /rest/V1/products HTTP/1.1\r\nHost: a\r\nAuthorization: ${globexHeaders.Authorization}\r\n` +
        'Content-Type: application/json\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n' +
        '4\r\n{"a"\r\n3\r\n:1}\r\n0\r\nTrailer: x\r\n\r\n',
    )
    const arrived = parsed(both.upstream.requests[0])
    assert.equal(arrived.body, '{"a":1}')
    assert.equal(firstValue(arrived.headers, 'transfer-encoding'), undefined)
  })

  test('a request that names the type of a body and has none', async () => {
    await using both = await startBoth()
    for (const method of ['DELETE', 'POST']) {
      const path = method === 'POST' ? '/rest/V1/products' : '/rest/V1/products/A'
      const answer = await sendRaw(
        both.gateway.url,
        `${method} ${path} HTTP/1.1\r\nHost: a\r\nAuthorization: ${globexHeaders.Authorization}\r\n` +
          'Content-Type: application/json\r\nConnection: close\r\n\r\n',
      )
      assert.match(answer, /^HTTP\/1\.1 200 /)
      assert.equal(parsed(both.upstream.requests.at(-1)).requestLine, `${method} ${path} HTTP/1.1`)
    }
  })

  test('the type of a body, whatever Connection says of it', async () => {
    await using both = await startBoth()
    await send(
      both.gateway.url,
      writeOf('{"a":1}', { headers: { Connection: 'close, Content-Type' } }),
    )
    const { headers } = parsed(both.upstream.requests[0])
    assert.equal(firstValue(headers, 'content-type'), 'application/json')
  })

  test('end-to-end headers in their order, repeated ones too', async () => {
    await using both = await startBoth()
    await send(both.gateway.url, {
      headers: {
        ...globexHeaders,
        'X-Custom': ['one', 'two'],
        'Accept-Language': 'fr',
        'Accept-Encoding': 'gzip',
        'X-ReCaptcha': 'token',
      },
    })
    const { headers } = parsed(both.upstream.requests[0])
    assert.deepEqual(allValues(headers, 'x-custom'), ['one', 'two'])
    assert.equal(firstValue(headers, 'accept-language'), 'fr')
    assert.equal(firstValue(headers, 'accept-encoding'), 'gzip')
    assert.equal(firstValue(headers, 'x-recaptcha'), 'token')
  })
})

describe('keeps from Magento', () => {
  const kept: Record<string, string> = {
    Connection: 'close, X-Named, X-Forwarded-For, Authorization',
    'Keep-Alive': 'timeout=5',
    'Proxy-Authorization': 'Basic eA==',
    'Proxy-Connection': 'keep-alive',
    TE: 'trailers',
    Trailer: 'X',
    Upgrade: 'h2c',
    Expect: '100-continue',
    'X-Named': 'hop by hop',
    Cookie: 'PHPSESSID=1',
    Forwarded: 'for=1.2.3.4',
    'X-Forwarded-Host': 'evil.example',
    'X-Forwarded-Port': '1',
    X_Forwarded_For: '1.2.3.4',
    'X.Forwarded.For': '1.2.3.4',
    'X!Real~IP': '1.2.3.4',
    'X-Original-URL': '/admin',
    'X-Rewrite-URL': '/admin',
    'X-Requested-With': 'XMLHttpRequest',
    'X-Integration-Id': 'globex-pim',
    'X-Signature': 'aa',
    'X-Nonce': 'aa',
    'X-Timestamp': '1',
    Signature: 'sig1=:AA==:',
    'Signature-Input': 'sig1=()',
    Cookie2: '$Version=1',
    'Client-Cert': ':AA==:',
    'Client-Cert-Chain': ':AA==:',
    'X-Client-Cert': 'aa',
    'X-SSL-Client-Cert': 'aa',
    'X-Real-IP': '1.2.3.4',
    'True-Client-IP': '1.2.3.4',
    'X-Client-IP': '1.2.3.4',
    'X-Cluster-Client-IP': '1.2.3.4',
    'X-Forwarded': 'for=1.2.3.4',
    'Forwarded-For': '1.2.3.4',
    'X-Original-Forwarded-For': '1.2.3.4',
    'CloudFront-Viewer-Address': '1.2.3.4:5',
    'Client-IP': '1.2.3.4',
    'CF-Connecting-IP': '1.2.3.4',
    'CF-Connecting-IPv6': '2001:db8::1',
    'CF-Pseudo-IPv4': '1.2.3.4',
    // Magento in the cloud of Adobe believes this one.
    'Fastly-Client-IP': '1.2.3.4',
    'X-Azure-ClientIP': '1.2.3.4',
    'X-Envoy-External-Address': '1.2.3.4',
    'X-Sucuri-ClientIP': '1.2.3.4',
    'Incap-Client-IP': '1.2.3.4',
    'X-Originating-IP': '1.2.3.4',
    'X-Remote-IP': '1.2.3.4',
    'X-Remote-Addr': '1.2.3.4',
    'Remote-Addr': '1.2.3.4',
    'WL-Proxy-Client-IP': '1.2.3.4',
    'Proxy-Client-IP': '1.2.3.4',
    Proxy: 'http://evil.example',
    Via: '1.1 evil.example',
    'X-Original-Host': 'evil.example',
    'X-Original-Method': 'DELETE',
    'X-Original-URI': '/admin',
    'Ali-CDN-Real-IP': '1.2.3.4',
    'CDN-Src-IP': '1.2.3.4',
    'Fly-Client-IP': '1.2.3.4',
    'X-AppEngine-User-IP': '1.2.3.4',
    'X-Azure-SocketIP': '1.2.3.4',
    'HTTP2-Settings': 'AAMAAABkAAQAAP__',
    tracestate: 'evil=1',
  }
  test('hop-by-hop headers and what could mislead it', async () => {
    await using both = await startBoth()
    const lines = Object.entries({ Host: 'a', ...globexHeaders, ...kept })
    await sendRaw(
      both.gateway.url,
      `GET /rest/V1/products/x HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`,
    )
    const { headers } = parsed(both.upstream.requests[0])
    assert.deepEqual(allValues(headers, 'authorization'), [`Bearer ${testEnv.MAGENTO_TOKEN}`])
    assert.deepEqual(allValues(headers, 'x-forwarded-for'), ['127.0.0.1'])
    for (const name of Object.keys(kept)) {
      // undici puts a Connection of its own.
      if (name === 'Connection') continue
      assert.equal(firstValue(headers, name.toLowerCase()), undefined, name)
    }
    assert.deepEqual(allValues(headers, 'connection'), ['keep-alive'])
  })
})

describe('tells Magento itself', () => {
  const claimed = {
    'X-Forwarded-For': '198.51.100.99',
    'X-Forwarded-Proto': 'https',
    'X-Request-Id': 'chosen-by-the-caller',
    traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
    tracestate: 'proxy=1',
  }

  test('address, scheme, request id and trace; never what an untrusted caller says of them', async () => {
    await using both = await startBoth()
    const answer = await send(both.gateway.url, { headers: { ...globexHeaders, ...claimed } })
    const { headers } = parsed(both.upstream.requests[0])
    assert.deepEqual(allValues(headers, 'x-forwarded-for'), ['127.0.0.1'])
    assert.deepEqual(allValues(headers, 'x-forwarded-proto'), ['http'])
    const requestId = answer.headers['x-request-id'] as string
    assert.deepEqual(allValues(headers, 'x-request-id'), [requestId])
    assert.match(requestId, /^[0-9a-f]{8}-/)
    const [traceparent = '', ...more] = allValues(headers, 'traceparent')
    assert.deepEqual(more, [])
    assert.match(traceparent, new RegExp(`^00-${requestId.replaceAll('-', '')}-[0-9a-f]{16}-01$`))
  })

  test('what a trusted proxy says of them', async () => {
    await using both = await startBoth(undefined, { listen: { trustedProxies: ['127.0.0.1'] } })
    const answer = await send(both.gateway.url, { headers: { ...globexHeaders, ...claimed } })
    const { headers } = parsed(both.upstream.requests[0])
    assert.equal(answer.headers['x-request-id'], 'chosen-by-the-caller')
    assert.deepEqual(allValues(headers, 'x-forwarded-for'), ['198.51.100.99'])
    assert.match(
      firstValue(headers, 'traceparent') ?? '',
      /^00-4bf92f3577b34da6a3ce929d0e0e4736-(?!00f067aa0ba902b7)/,
    )
    assert.equal(firstValue(headers, 'tracestate'), 'proxy=1')
    // Without a trace that it belongs to, it must be discarded (W3C Trace Context, section 4.3).
    await send(both.gateway.url, {
      headers: { ...globexHeaders, ...claimed, traceparent: '00-malformed' },
    })
    assert.equal(firstValue(parsed(both.upstream.requests[1]).headers, 'tracestate'), undefined)
  })

  test('the public address as Host and scheme', async () => {
    await using upstream = await startRawUpstream()
    await using gateway = await startGateway({
      magentoUrl: upstream.url,
      gateway: { magento: { publicUrl: 'https://shop.example' } },
    })
    await send(gateway.url, { headers: globexHeaders })
    const { headers } = parsed(upstream.requests[0])
    assert.deepEqual(allValues(headers, 'host'), ['shop.example'])
    assert.deepEqual(allValues(headers, 'x-forwarded-proto'), ['https'])
  })
})

describe('of the answer', () => {
  test('passes status, end-to-end headers and body on, byte for byte', async () => {
    await using both = await startBoth((socket) =>
      socket.write(
        'HTTP/1.1 404 Nope\r\nContent-Type: application/json; charset=utf-8\r\nX-A: 1\r\nX-A: 2\r\n' +
          'ETag: "x"\r\nContent-Length: 20\r\n\r\n{"message":  "nope"}',
      ),
    )
    const answer = await send(both.gateway.url, { headers: globexHeaders })
    assert.equal(answer.status, 404)
    assert.equal(answer.body, '{"message":  "nope"}')
    assert.equal(answer.headers['content-type'], 'application/json; charset=utf-8')
    assert.deepEqual(allValues(answer.rawHeaders, 'x-a'), ['1', '2'])
    assert.equal(answer.headers.etag, '"x"')
  })

  test('keeps hop-by-hop headers, cookies, a foreign request id and how to reach Magento', async () => {
    await using both = await startBoth((socket) =>
      socket.write(
        'HTTP/1.1 200 OK\r\nConnection: keep-alive, X-Hop\r\nX-Hop: 1\r\nKeep-Alive: timeout=99\r\n' +
          'Upgrade: h2c\r\nTrailer: X\r\nProxy-Authenticate: Basic\r\nSet-Cookie: PHPSESSID=1\r\n' +
          'Strict-Transport-Security: max-age=1\r\nAlt-Svc: h3=":443"\r\nX-Request-Id: of-magento\r\nContent-Length: 2\r\n\r\nok',
      ),
    )
    const { headers } = await send(both.gateway.url, { headers: globexHeaders })
    const names = ['x-hop', 'upgrade', 'trailer', 'proxy-authenticate', 'set-cookie']
    for (const name of [...names, 'strict-transport-security', 'alt-svc']) {
      assert.equal(headers[name], undefined, name)
    }
    assert.notEqual(headers['keep-alive'], 'timeout=99')
    assert.notEqual(headers['x-request-id'], 'of-magento')
  })

  test('gives no orders to a proxy in front of the gateway', async () => {
    const orders = ['Redirect', 'Expires', 'Limit-Rate', 'Buffering', 'Charset']
    const names = [...orders.map((name) => `X-Accel-${name}`), 'X-Sendfile']
    await using both = await startBoth((socket) =>
      answerWith(socket, {
        headers: Object.fromEntries(names.map((name) => [name, '/protected'])),
      }),
    )
    const { status, headers } = await send(both.gateway.url, { headers: globexHeaders })
    assert.equal(status, 200)
    for (const name of names) assert.equal(headers[name.toLowerCase()], undefined, name)
  })

  test('passes values on byte for byte, without the white space around them', async () => {
    await using both = await startBoth((socket) =>
      socket.write(
        'HTTP/1.1 200 OK\r\nX-A: \t caf\xe9  a\xa0 \t \r\nX-Empty:\r\nX-Space:  \r\nContent-Length: 2 \r\n\r\nok',
        'latin1',
      ),
    )
    const answer = await sendRaw(
      both.gateway.url,
      `GET /rest/V1/products/x HTTP/1.1\r\nHost: a\r\nAuthorization: ${globexHeaders.Authorization}\r\nConnection: close\r\n\r\n`,
    )
    const head = '\r\nX-A: caf\xe9  a\xa0\r\nX-Empty: \r\nX-Space: \r\nContent-Length: 2\r\n'
    assert.ok(answer.includes(head), answer)
  })

  test('takes the internal address out of Location, and leaves any other as it is', async () => {
    let location = ''
    await using both = await startBoth((socket) =>
      socket.write(
        `HTTP/1.1 302 Found\r\nLocation: ${location}\r\nContent-Location: ${location}\r\nContent-Length: 0\r\n\r\n`,
      ),
    )
    const { host } = new URL(both.upstream.url)
    for (const [given, passedOn] of [
      [`http://${host}/rest/V1/x?a=1`, '/rest/V1/x?a=1'],
      [`//${host}/rest/V1/x`, '/rest/V1/x'],
      [`/\\${host}/rest/V1/x`, '/rest/V1/x'],
      [`http:\\\\${host}/rest/V1/x`, '/rest/V1/x'],
      [`http://${host}//other.example/x`, '/.//other.example/x'],
      [`https://${host}/rest/V1/x`, `https://${host}/rest/V1/x`],
      ['https://shop.example/rest/V1/x?a=1', 'https://shop.example/rest/V1/x?a=1'],
      ['/rest/V1/x', '/rest/V1/x'],
      // Relative to the path of the request (RFC 9110, section 10.2.2).
      ['y?a=1', 'y?a=1'],
      ['?a=1', '?a=1'],
    ] as const) {
      location = given
      const sent = both.upstream.requests.length
      const { status, headers } = await send(both.gateway.url, { headers: globexHeaders })
      assert.equal(status, 302)
      assert.equal(both.upstream.requests.length, sent + 1, 'it is not followed')
      assert.equal(headers.location, passedOn)
      assert.equal(headers['content-location'], passedOn)
    }
  })

  test('streams what is large, at the pace of the caller', async () => {
    const chunk = 'x'.repeat(65_536)
    await using both = await startBoth((socket) => {
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${chunk.length * 64}\r\n\r\n`)
      for (let index = 0; index < 64; index += 1) socket.write(chunk)
    })
    const answer = await send(both.gateway.url, { headers: globexHeaders })
    assert.equal(answer.body.length, chunk.length * 64)
    const [record] = await both.gateway.auditRecords(1)
    assert.equal(record?.bytesOut, chunk.length * 64)
  })

  test('streams what turns out to be large', async () => {
    const chunk = 'x'.repeat(100_000)
    const begun = Promise.withResolvers<Socket>()
    await using both = await startBoth((socket) => {
      socket.write(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n186a0\r\n${chunk}\r\n`)
      begun.resolve(socket)
    })
    const { url } = both.gateway
    const outgoing = httpRequest(url, { path: '/rest/V1/products/x', headers: globexHeaders })
    const [response] = await once(outgoing.end(), 'response')
    const socket = await begun.promise
    socket.write('0\r\n\r\n')
    assert.equal(await text(response), chunk)
  })

  test('passes chunked answers and answers without a body on', async () => {
    let status = '200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n'
    await using both = await startBoth((socket) => socket.write(`HTTP/1.1 ${status}`))
    assert.equal((await send(both.gateway.url, { headers: globexHeaders })).body, 'ok')
    for (const fields of ['', 'Content-Length: 0\r\n', 'Transfer-Encoding: chunked\r\n']) {
      status = `204 No Content\r\n${fields}\r\n${fields.startsWith('T') ? '0\r\n\r\n' : ''}`
      const empty = await send(both.gateway.url, { headers: globexHeaders })
      assert.equal(empty.status, 204)
      // RFC 9112, section 6.1, and RFC 9110, section 8.6.
      assert.equal(empty.headers['transfer-encoding'], undefined)
      assert.equal(empty.headers['content-length'], undefined)
    }
    // The length is that of the answer that the caller has already (RFC 9110, section 8.6).
    for (const length of [2, 100_000]) {
      status = `304 Not Modified\r\nETag: "a"\r\nContent-Length: ${length}\r\n\r\n`
      const known = await send(both.gateway.url, { headers: globexHeaders })
      assert.deepEqual([known.status, known.headers.etag, known.body], [304, '"a"', ''])
    }
    status = '103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'
    assert.equal((await send(both.gateway.url, { headers: globexHeaders })).status, 200)
  })
})

describe('a caller that goes away', () => {
  test('ends the call to Magento and is recorded', async () => {
    let onArrived: () => void = () => undefined
    const arrived = new Promise<void>((resolve) => {
      onArrived = resolve
    })
    await using both = await startBoth(() => onArrived())
    const outgoing = httpRequest(both.gateway.url, {
      path: '/rest/V1/products/x',
      headers: globexHeaders,
      agent: false,
    })
    outgoing.on('error', () => undefined)
    outgoing.end()
    await arrived
    const [upstreamSocket] = both.upstream.sockets
    assert.ok(upstreamSocket)
    const closed = once(upstreamSocket, 'close')
    outgoing.destroy()
    await closed
    const [record] = await both.gateway.auditRecords(1)
    assert.equal(record?.code, 'client-closed')
    assert.equal(record?.status, 499)
    assert.equal(record?.integration, 'globex-pim')
  })
})

for (const [what, method, headers] of [
  ['', 'GET', {}],
  [', also if the request is carried out all the same', 'POST', { 'Idempotency-Key': 'left-0001' }],
] as const) {
  test(`a caller that leaves in the middle of its answer is recorded as such${what}`, async () => {
    // Longer than what is kept under a key.
    await using both = await startBoth((socket) =>
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: 2000000\r\n\r\n${'x'.repeat(100_000)}`),
    )
    const outgoing = httpRequest(both.gateway.url, {
      method,
      path: method === 'GET' ? '/rest/V1/products/x' : '/rest/V1/products',
      headers: { ...globexHeaders, ...headers },
      agent: false,
    })
    outgoing.on('error', () => undefined)
    outgoing.end()
    const [response] = await once(outgoing, 'response')
    response.on('error', () => undefined)
    await once(response, 'data')
    outgoing.destroy()
    const [record] = await both.gateway.auditRecords(1)
    assert.equal(record?.code, 'client-closed')
    assert.equal(record?.upstreamStatus, 200)
    assert.equal(typeof record?.upstreamMs, 'number')
    // Otherwise the gateway would wait for the rest before it stops.
    await both.upstream.pause()
  })
}

test('an answer that breaks off half-way ends the connection of the caller', async () => {
  await using both = await startBoth((socket) => {
    socket.write(`HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n${'x'.repeat(100_000)}`, () =>
      socket.destroy(),
    )
  })
  await assert.rejects(send(both.gateway.url, { headers: globexHeaders }), { code: 'ECONNRESET' })
  const [record] = await both.gateway.auditRecords(1)
  assert.equal(record?.code, 'upstream-failed')
})

test('an answer of unknown length that breaks off half-way is not complete to a caller of HTTP/1.0', async () => {
  await using both = await startBoth((socket) => {
    socket.write(
      `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n186a0\r\n${'x'.repeat(100_000)}\r\n`,
      () => socket.destroy(),
    )
  })
  const { Authorization } = globexHeaders
  await assert.rejects(
    sendRaw(
      both.gateway.url,
      `GET /rest/V1/products/x HTTP/1.0\r\nHost: a\r\nAuthorization: ${Authorization}\r\n\r\n`,
    ),
    { code: 'ECONNRESET' },
  )
  const [record] = await both.gateway.auditRecords(1)
  assert.equal(record?.code, 'upstream-failed')
})

test('a problem never reveals the address of Magento', async () => {
  await using both = await startBoth((socket) => socket.destroy())
  const answer = await send(both.gateway.url, { headers: globexHeaders })
  assert.equal(problemOf(answer).code, 'upstream-failed')
  assert.ok(!withoutRequestId(answer).includes(new URL(both.upstream.url).port))
})
