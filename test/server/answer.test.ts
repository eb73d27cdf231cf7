import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { RequestContext } from '../../src/request-context.ts'
import { answerReady } from '../../src/server/answer.ts'

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
