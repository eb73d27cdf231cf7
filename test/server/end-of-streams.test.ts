import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { RequestListener } from 'node:http'
import type { Http2ServerRequest } from 'node:http2'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import type { TLSSocket } from 'node:tls'
import { serveHttp2 } from '../../src/server/http2.ts'
import { frameTypes, getFrame, openRawHttp2 } from '../support/http2-frames.ts'
import { pem } from '../support/tls/pem.ts'

const { goaway } = frameTypes
const aDay = 86_400_000

/** An answer to every request, which ends the connection. */
const endWithAnswer: RequestListener = (_request, response) => {
  response.writeHead(200, ['Connection', 'close']).end()
}

async function startEnding(answer = endWithAnswer) {
  const server = createServer(
    { cert: pem('loopback.cert'), key: pem('loopback.key'), ALPNProtocols: ['h2'] },
    answer,
  )
  serveHttp2(server, {
    maxHeaderBytes: 16_384,
    requestTimeoutMs: aDay,
    firstRequestMs: aDay,
    idleMs: aDay,
    readMs: () => aDay,
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  let last: TLSSocket | undefined
  server.on('secureConnection', (socket) => {
    last = socket
  })
  return {
    url: `https://127.0.0.1:${port}`,
    /** Resolves when the last connection has closed. */
    connectionClosed: () => once(last ?? server, 'close'),
    [Symbol.dispose]: () => server.close(),
  }
}

test('a connection that is gone leaves no timer behind, even if its last request was open', async () => {
  const closed = Promise.withResolvers<void>()
  using server = await startEnding((_request, response) => {
    response.once('close', closed.resolve).writeHead(200).write('begun')
  })
  const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length
  const before = timers()
  using idle = await openRawHttp2(server.url)
  await idle.firstOf(frameTypes.settings, 0)
  const isIdleGone = server.connectionClosed()
  idle.socket.destroy()
  await isIdleGone
  assert.equal(timers(), before)
  using raw = await openRawHttp2(server.url)
  raw.socket.write(getFrame(1, '/'))
  await raw.firstOf(frameTypes.headers, 1)
  assert.equal(timers(), before)
  raw.socket.destroy()
  await closed.promise
  await new Promise(setImmediate)
  assert.equal(timers(), before)
})

test('nor does one that is gone before it could be told which stream was its last one', async () => {
  const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length
  using server = await startEnding((request, response) => {
    const { stream } = request as unknown as Http2ServerRequest
    const { session } = stream
    // When the caller is being told.
    stream.once('close', () => process.nextTick(() => session?.destroy()))
    endWithAnswer(request, response)
  })
  const before = timers()
  using raw = await openRawHttp2(server.url)
  await raw.firstOf(frameTypes.settings, 0)
  const isGone = server.connectionClosed()
  raw.socket.write(getFrame(1, '/'))
  await isGone
  await new Promise(setImmediate)
  assert.equal(timers(), before)
})

test('a caller that opens a stream behind the last one learns at once that it is not answered', async () => {
  using server = await startEnding()
  using raw = await openRawHttp2(server.url)
  raw.socket.write(getFrame(1, '/'))
  const first = await raw.firstOf(goaway, 0)
  assert.equal(first.payload.readUInt32BE(0), 2 ** 31 - 1)
  raw.socket.write(getFrame(3, '/'))
  const second = await raw.firstOf(goaway, 0, 1)
  // Its last stream, and NO_ERROR.
  assert.deepEqual([second.payload.readUInt32BE(0), second.payload.readUInt32BE(4)], [1, 0])
})
