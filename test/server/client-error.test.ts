import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:https'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { test } from 'node:test'
import { answerClientError } from '../../src/server/client-error.ts'
import { answerSettings } from '../support/answer-settings.ts'
import { pem } from '../support/tls/pem.ts'

test('a connection whose TLS handshake takes too long is closed before its record is written', async () => {
  const recorded = Promise.withResolvers<() => void>()
  const answers = {
    ...answerSettings,
    beforeEnd: (_request: unknown, end: (mayAnswer: boolean) => void) =>
      recorded.resolve(() => end(true)),
  }
  const traffic = { answers, noteSender: () => undefined }
  const server = createServer({
    cert: pem('loopback.cert'),
    key: pem('loopback.key'),
    handshakeTimeout: 1,
  })
  server.on('clientError', (error, socket) =>
    answerClientError(error, socket as Socket, { traffic, openReplies: new WeakMap() }),
  )
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const caller = connect((server.address() as AddressInfo).port, '127.0.0.1')
  let received = 0
  caller.on('data', ({ length }) => {
    received += length
  })
  await once(caller, 'close')
  // Nor is anything written to it after that.
  const end = await recorded.promise
  end()
  assert.equal(received, 0)
  server.close()
})
