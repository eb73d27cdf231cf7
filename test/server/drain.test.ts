import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { watchConnections } from '../../src/server/drain.ts'

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
