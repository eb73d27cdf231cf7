import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage, ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { type AddressInfo, connect, Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { connect as connectTls } from 'node:tls'
import { queryObjects } from 'node:v8'
import type { OpenReplies } from '../../src/server/client-error.ts'
import { watchConnections } from '../../src/server/drain.ts'
import { pem } from '../support/tls/pem.ts'

test('a drain whose deadline has passed looks for no more connections, though each turn brings one', async () => {
  const server = createServer()
  const drain = watchConnections(server, new Map())
  let accepted = 0
  const call = () =>
    connect((server.address() as AddressInfo).port, '127.0.0.1').on('error', () => undefined)
  server.on('connection', (socket) => {
    accepted += 1
    socket.destroy()
    // The kernel completes it at once, so that the next turn accepts it.
    if (server.listening) call()
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  call()
  await once(server, 'connection')
  // As the notice of a stop does, which ends in another phase of the turn than that in which connections are accepted.
  await delay(1)
  await drain(Promise.resolve(), async () => undefined)
  assert.ok(accepted < 100, `${accepted} connections`)
})

test('nothing is kept of connections that have closed, nor of answers to callers of HTTP/1.0', async () => {
  await using server = createServer((_request, response) => response.end())
  watchConnections(server, new Map())
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  async function call(): Promise<void> {
    const caller = connect(port, '127.0.0.1')
    caller.write('GET / HTTP/1.0\r\n\r\n')
    assert.match(await text(caller), /^HTTP\/1\.1 200 /)
  }
  const kept = () => [Socket, ServerResponse].map((kind) => queryObjects(kind, { format: 'count' }))
  await call()
  const before = kept()
  for (let count = 0; count < 10; count += 1) await call()
  assert.deepEqual(kept(), before)
})

for (const protocol of ['http', 'https']) {
  test(`a connection over ${protocol} whose caller waits for a reply is not closed as an idle one`, async () => {
    const asked = Promise.withResolvers<Socket>()
    const answer = (request: IncomingMessage, response: ServerResponse) => {
      response.end()
      asked.resolve(request.socket)
    }
    const isTls = protocol === 'https'
    const material = { cert: pem('loopback.cert'), key: pem('loopback.key') }
    await using server = isTls ? createTlsServer(material, answer) : createServer(answer)
    const openReplies = new Map<object, object>()
    watchConnections(server, openReplies as unknown as OpenReplies)
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const { port } = server.address() as AddressInfo
    const caller = isTls
      ? connectTls({ port, host: '127.0.0.1', ca: pem('loopback.cert') })
      : connect(port, '127.0.0.1')
    caller.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    const socket = await asked.promise
    await once(caller, 'data')
    openReplies.set(socket, {})
    server.closeIdleConnections()
    assert.equal(socket.destroyed, false)
    openReplies.delete(socket)
    server.closeIdleConnections()
    assert.equal(socket.destroyed, true)
    caller.destroy()
  })
}
