/*
 * undici 7 ended the process where a connection ended whose answer it had paused, because its caller read slowly
 * (nodejs/undici#5360), and broke the answer off where it expected to keep the connection.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openConnection } from '../../src/forward/magento.ts'
import { startGateway } from '../support/gateway.ts'
import { answerOn, begin, openSession } from '../support/http2-client.ts'
import { startRawUpstream } from '../support/raw-upstream.ts'
import { loopbackTls } from '../support/tls/pem.ts'

const heads: Readonly<Record<string, (length: number) => string>> = {
  'announce it': (length) => `Content-Length: ${length}\r\nConnection: close`,
  'do not announce it': (length) => `Content-Length: ${length}`,
  'end by it': () => 'Connection: close',
}

for (const [how, headOf] of Object.entries(heads)) {
  test(`long answers before the end of a connection that ${how} reach callers that read slowly`, async () => {
    await using upstream = await startRawUpstream((socket, request) => {
      const length = Number(/products\/(\d+)/.exec(request)?.[1])
      socket.end(`HTTP/1.1 200 OK\r\n${headOf(length)}\r\n\r\n${'x'.repeat(length)}`)
    })
    await using gateway = await startGateway({
      magentoUrl: upstream.url,
      gateway: { listen: { tls: loopbackTls } },
    })
    const session = await openSession(gateway.url)
    const lengths = Array.from({ length: 24 }, (_, index) => 300_000 + index * 20_000)
    const answers = lengths.map((length) => {
      const stream = begin(session, { ':path': `/rest/V1/products/${length}` })
      // It reads one piece in each turn.
      stream.on('data', () => {
        stream.pause()
        setImmediate(() => stream.resume())
      })
      return answerOn(stream)
    })
    const got = (await Promise.all(answers)).map(({ body }) => body.length)
    session.destroy()
    assert.deepEqual(got, lengths)
  })
}

// undici goes on with an empty piece, by which an answer may be paused again: such a piece frees the one before it where
// the last one is kept back.
test('an answer that is paused again by the piece with which it goes on survives the end of its connection', async () => {
  await using upstream = await startRawUpstream((socket) => socket.end('HTTP/1.1 200 OK\r\n\r\nx'))
  const timeouts = { connectMs: 10_000, headersMs: 10_000, bodyMs: 10_000, totalMs: 10_000 }
  const { pool, close } = openConnection({ url: upstream.url, connections: 1, timeouts })
  let pausesLeft = 100
  let body = ''
  await new Promise<void>((resolve, reject) => {
    pool.dispatch(
      { method: 'GET', path: '/' },
      {
        onRequestStart: () => undefined,
        onResponseData: (controller, piece) => {
          body += piece
          if (pausesLeft === 0) return
          pausesLeft -= 1
          controller.pause()
          setImmediate(() => controller.resume())
        },
        onResponseEnd: () => resolve(),
        onResponseError: (_controller, error) => reject(error),
      },
    )
  })
  await close()
  assert.deepEqual([body, pausesLeft], ['x', 0])
})
