import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { RequestContext } from '../../src/request-context.ts'
import { answerReady } from '../../src/server/answer.ts'
import { sendRaw } from '../support/http-client.ts'
import { requestContext } from '../support/request.ts'

test('an answer that cannot be written is broken off, and ends nothing else', async () => {
  const unwritten: unknown[] = []
  const server = createServer((message, response) => {
    const request = new RequestContext({
      method: 'POST',
      rawTarget: '/',
      rawHeaders: message.rawHeaders,
      remoteIp: undefined,
      isTls: false,
      hasBody: false,
      requestId: 'an-id',
    })
    const contentType = message.url === '/wrong' ? 'a\nb' : 'text/plain'
    const ready = { status: 200, contentType, body: Buffer.from('done') }
    answerReady(response, request, ready, {
      problemsUrl: '/problems',
      isDraining: () => false,
      // As an answer waits for its record.
      beforeEnd: (_, end) => void setImmediate(end, true),
      readMs: 60_000,
      onUnwritten: ({ requestId }, error) => unwritten.push([requestId, (error as Error).name]),
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  await assert.rejects(fetch(`${url}/wrong`, { method: 'POST' }))
  assert.deepEqual(unwritten, [['an-id', 'TypeError']])
  assert.equal(await (await fetch(`${url}/right`, { method: 'POST' })).text(), 'done')
  server.close()
})

test('the time to read an answer begins only when the answers before it have been written', async () => {
  const started: [ServerResponse, RequestContext][] = []
  const settings = {
    problemsUrl: '/problems',
    isDraining: () => false,
    beforeEnd: (_: unknown, end: (mayAnswer: boolean) => void) => end(true),
    readMs: 1,
    onUnwritten: () => assert.fail(),
  }
  const ready = (text: string) => ({
    status: 200,
    contentType: 'text/plain',
    body: Buffer.from(text),
  })
  const server = createServer((_, response) => {
    started.push([response, requestContext()])
    const [first, second] = started
    if (first === undefined || second === undefined) return
    answerReady(...second, ready('the second'), settings)
    // Timers of the same length end in the order in which they began.
    setTimeout(() => answerReady(...first, ready('the first, '), settings), settings.readMs)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const get = 'GET / HTTP/1.1\r\nHost: a\r\n'
  const answers = await sendRaw(url, `${get}\r\n${get}Connection: close\r\n\r\n`)
  assert.match(answers, /\r\n\r\nthe first, HTTP[\s\S]*\r\n\r\nthe second$/)
  assert.deepEqual(
    started.map(([, { outcome }]) => outcome),
    [{ status: 200 }, { status: 200 }],
  )
  server.close()
})
