import assert from 'node:assert/strict'
import { EventEmitter, once } from 'node:events'
import type { RequestListener } from 'node:http'
import type { Http2ServerRequest } from 'node:http2'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import type { TLSSocket } from 'node:tls'
import { serveHttp2 } from '../../src/server/http2.ts'
import { frame, frameTypes, getFrame, openRawHttp2 } from '../support/http2-frames.ts'
import { pem } from '../support/tls/pem.ts'

const { goaway } = frameTypes
const aDay = 86_400_000

/** More than waits on its way to a caller that does not read. */
const longBytes = 2 ** 23

/** An answer to every request, which ends the connection. */
const endWithAnswer: RequestListener = (_request, response) => {
  response.writeHead(200, ['Connection', 'close']).end()
}

async function startEnding(answer = endWithAnswer, idleMs = aDay) {
  const server = createServer(
    { cert: pem('loopback.cert'), key: pem('loopback.key'), ALPNProtocols: ['h2'] },
    answer,
  )
  const { close } = serveHttp2(server, {
    maxHeaderBytes: 16_384,
    requestTimeoutMs: aDay,
    firstRequestMs: aDay,
    idleMs,
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
    close,
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

test('a caller that opens a stream on a connection that is being closed learns at once that it is the last one', async () => {
  const asked = new EventEmitter()
  using server = await startEnding(() => asked.emit('request'))
  using raw = await openRawHttp2(server.url)
  const isOpen = once(asked, 'request')
  raw.socket.write(getFrame(1, '/'))
  await isOpen
  server.close()
  raw.socket.write(getFrame(3, '/'))
  const told = [await raw.firstOf(goaway, 0), await raw.firstOf(goaway, 0, 1)]
  assert.deepEqual(
    told.map(({ payload }) => payload.readUInt32BE(0)),
    [2 ** 31 - 1, 3],
  )
})

// Node 24 reads nothing while what it has written waits for its caller, so that no other stream can come before that.
const fromNode26 = { skip: process.versions.node.startsWith('24.') }

test('the last stream is named only when no other can come before it', fromNode26, async () => {
  const asked = new EventEmitter()
  using server = await startEnding((request, response) => {
    asked.emit(request.url ?? '')
    if (request.url === '/long') response.end(Buffer.alloc(longBytes))
  })
  using raw = await openRawHttp2(server.url)
  const ask = async (stream: number, path: string) => {
    const isAsked = once(asked, path)
    raw.socket.write(getFrame(stream, path))
    await isAsked
  }
  const window = Buffer.alloc(4)
  window.writeUInt32BE(longBytes)
  raw.socket.write(frame(frameTypes.windowUpdate, 0, 0, window))
  raw.socket.pause()
  await ask(1, '/long')
  raw.socket.write(frame(frameTypes.windowUpdate, 0, 1, window))
  await ask(3, '/before')
  server.close()
  await ask(5, '/told')
  await ask(7, '/last')
  raw.socket.resume()
  await raw.firstOf(goaway, 0)
  assert.equal((await raw.firstOf(goaway, 0, 1)).payload.readUInt32BE(0), 7)
})

test('a connection is not idle while one of its streams is open, although another was answered', async () => {
  const idleMs = 1
  const answered = new EventEmitter()
  using server = await startEnding((request, response) => {
    if (request.url === '/open') return
    response.once('close', () => answered.emit('close')).end()
  }, idleMs)
  using raw = await openRawHttp2(server.url)
  const isAnswered = once(answered, 'close')
  raw.socket.write(Buffer.concat([getFrame(1, '/open'), getFrame(3, '/')]))
  await isAnswered
  await delay(2 * idleMs)
  raw.socket.write(getFrame(5, '/'))
  const { type } = await Promise.race([
    raw.firstOf(frameTypes.headers, 5),
    raw.firstOf(frameTypes.goaway, 0),
  ])
  assert.equal(type, frameTypes.headers)
})
