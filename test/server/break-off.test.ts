import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect as connectTcp, type Socket } from 'node:net'
import { describe, test } from 'node:test'
import { connect as connectTls } from 'node:tls'
import { startGateway } from '../support/gateway.ts'
import { globexHeaders } from '../support/http-client.ts'
import { startRawUpstream } from '../support/raw-upstream.ts'
import { loopbackTls, pem } from '../support/tls/pem.ts'

const request = `GET /rest/V1/products/x HTTP/1.0\r\nHost: a\r\nAuthorization: ${globexHeaders.Authorization}\r\n\r\n`
const begun = `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n186a0\r\n${'x'.repeat(100_000)}\r\n`

const ways: readonly [over: string, listen: object, connect: (port: number) => Socket][] = [
  ['plain TCP', {}, (port) => connectTcp(port, '127.0.0.1')],
  [
    'TLS',
    { tls: loopbackTls },
    (port) => connectTls({ port, host: '127.0.0.1', ca: pem('loopback.cert') }),
  ],
]

describe('an answer of unknown length to a caller of HTTP/1.0 ends with a reset', () => {
  for (const [over, listen, connect] of ways) {
    async function startAnswer() {
      const asked = Promise.withResolvers<Socket>()
      const upstream = await startRawUpstream((socket) => {
        socket.write(begun)
        asked.resolve(socket)
      })
      const gateway = await startGateway({
        magentoUrl: upstream.url,
        gateway: { listen, shutdown: { deadlineMs: 100 } },
      })
      const caller = connect(Number(new URL(gateway.url).port))
      const end = new Promise((resolve) => {
        caller.once('end', () => resolve('looks complete'))
        caller.once('error', ({ code }: NodeJS.ErrnoException) => resolve(code))
      })
      caller.write(request)
      await once(caller, 'data')
      caller.resume()
      return {
        end,
        magento: await asked.promise,
        gateway,
        [Symbol.asyncDispose]: async () => {
          await gateway[Symbol.asyncDispose]()
          await upstream[Symbol.asyncDispose]()
        },
      }
    }

    test(`over ${over}, if Magento breaks it off`, async () => {
      await using answer = await startAnswer()
      answer.magento.destroy()
      assert.equal(await answer.end, 'ECONNRESET')
    })

    test(`over ${over}, if a stop reaches its deadline`, async () => {
      await using answer = await startAnswer()
      await answer.gateway.stop()
      assert.equal(await answer.end, 'ECONNRESET')
    })
  }
})
