import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, IncomingMessage, type RequestListener, ServerResponse } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { Duplex } from 'node:stream'
import { finished } from 'node:stream/promises'
import { test } from 'node:test'
import type { RequestContext } from '../../src/request-context.ts'
import { answerReady, boundReading } from '../../src/server/answer.ts'
import { answerSettings } from '../support/answer-settings.ts'
import { sendRaw } from '../support/http-client.ts'
import { requestContext } from '../support/request.ts'

async function startServer(answer: RequestListener) {
  const server = createServer(answer).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: async () => void server.close(),
  }
}

test('an answer that cannot be written is broken off, and ends nothing else', async () => {
  const unwritten: unknown[] = []
  const request = requestContext({ method: 'POST' })
  await using server = await startServer((message, response) => {
    const contentType = message.url === '/wrong' ? 'a\nb' : 'text/plain'
    const ready = { status: 200, contentType, body: Buffer.from('done') }
    answerReady(response, request, ready, {
      ...answerSettings,
      // As an answer waits for its record.
      beforeEnd: (_, end) => void setImmediate(end, true),
      onUnwritten: ({ requestId }, error) => unwritten.push([requestId, (error as Error).name]),
    })
  })
  await assert.rejects(fetch(`${server.url}/wrong`, { method: 'POST' }))
  assert.deepEqual(unwritten, [[request.requestId, 'TypeError']])
  assert.equal(await (await fetch(`${server.url}/right`, { method: 'POST' })).text(), 'done')
})

test('a long answer is written out of its own memory, and not out of a copy', () => {
  const body = Buffer.alloc(1_000_000)
  const written: Buffer[] = []
  const socket = new Duplex({
    write: (chunk: Buffer, _, done) => {
      written.push(chunk)
      done()
    },
  }) as Socket
  const response = new ServerResponse(new IncomingMessage(socket))
  response.assignSocket(socket)
  answerReady(
    response,
    requestContext(),
    { status: 200, contentType: 'text/plain', body },
    answerSettings,
  )
  assert.ok(written.includes(body))
})

test('the time to read an answer begins only when the answers before it have been written', async () => {
  const started: [ServerResponse, RequestContext][] = []
  const hasty = { ...answerSettings, readMs: 1 }
  const ready = (text: string) => ({
    status: 200,
    contentType: 'text/plain',
    body: Buffer.from(text),
  })
  await using server = await startServer((_, response) => {
    started.push([response, requestContext()])
    const [first, second] = started
    if (first === undefined || second === undefined) return
    answerReady(...second, ready('the second'), hasty)
    // Timers of the same length end in the order in which they began.
    setTimeout(() => answerReady(...first, ready('the first, '), hasty), hasty.readMs)
  })
  const get = 'GET / HTTP/1.1\r\nHost: a\r\n'
  const answers = await sendRaw(server.url, `${get}\r\n${get}Connection: close\r\n\r\n`)
  assert.match(answers, /\r\n\r\nthe first, HTTP[\s\S]*\r\n\r\nthe second$/)
  assert.deepEqual(
    started.map(([, { outcome }]) => outcome),
    [{ status: 200 }, { status: 200 }],
  )
})

test('an answer of unknown length that is not read in time is not complete to a caller of HTTP/1.0', async () => {
  const cutOff = Promise.withResolvers<void>()
  await using server = await startServer((_, response) => {
    response.once('close', cutOff.resolve).flushHeaders()
    // More than the kernel takes for a connection that nobody reads.
    response.end(Buffer.alloc(8_000_000))
    boundReading(response, requestContext(), { ...answerSettings, readMs: 1 })
  })
  const socket = connect(server.port, '127.0.0.1')
  socket.write('GET / HTTP/1.0\r\n\r\n')
  await cutOff.promise
  await assert.rejects(finished(socket.resume()), { code: 'ECONNRESET' })
})
