import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { connect as connectHttp2 } from 'node:http2'
import { request as httpsRequest } from 'node:https'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { openBodyMemory } from '../../src/server/body-memory.ts'
import { createServer } from '../../src/server/server.ts'
import { pem } from '../support/tls/pem.ts'

const ca = pem('loopback.cert')

for (const [protocol, send] of [
  [
    'HTTP/1.1',
    (url: string) =>
      httpsRequest(url, { ca })
        .on('error', () => undefined)
        .end(),
  ],
  [
    'HTTP/2',
    (url: string) =>
      connectHttp2(url, { ca })
        .on('error', () => undefined)
        .request(),
  ],
] as const) {
  test(`the address of a caller over ${protocol} is known after its connection is gone`, async () => {
    const app = createServer(
      {
        tls: { context: { cert: ca, key: pem('loopback.key') }, http2: true },
        asksForCertificate: false,
        bodies: { limitBytes: 1_000, memory: openBodyMemory(() => 1_000) },
        requestTimeoutMs: 1_000,
        idleMs: 1_000,
        readMs: () => 1_000,
        connections: {
          limits: () => ({ total: 10, perAddress: 10, isProxy: () => false }),
          onRefused: () => undefined,
        },
      },
      (_error, socket) => socket.destroy(),
    )
    const arrived = once(app.server, 'request')
    app.server.prependListener('request', ({ socket }) => socket.destroy())
    await app.listen({ port: 0, host: '127.0.0.1' })
    const { port } = app.server.address() as AddressInfo
    send(`https://127.0.0.1:${port}/`).on('error', () => undefined)
    const [{ socket }] = (await arrived) as [IncomingMessage]
    assert.equal(socket.remoteAddress, '127.0.0.1')
    await app.close()
  })
}
