import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import { type AddressInfo, connect as connectTcp, type Socket } from 'node:net'
import { describe, test } from 'node:test'
import { connect as connectTls } from 'node:tls'
import { breakOff } from '../../src/server/break-off.ts'
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

describe('an answer that is broken off before its turn ends the connection behind the answer before it', () => {
  for (const [version, end] of [
    ['1.1', undefined],
    ['1.0', 'ECONNRESET'],
  ] as const) {
    test(`to a caller of HTTP/${version}`, async (t) => {
      const waiting: ServerResponse[] = []
      const server = createServer((request, response) => {
        if (request.url === '/first') {
          waiting.push(response)
          return
        }
        response.writeHead(200, { 'Content-Length': '100' })
        response.write('begun')
        breakOff(response)
        for (const first of waiting) first.writeHead(200, { 'Content-Length': '7' }).end('<first>')
      })
      t.after(() => {
        server.closeAllConnections()
        server.close()
      })
      server.listen(0, '127.0.0.1')
      await once(server, 'listening')
      const caller = connectTcp((server.address() as AddressInfo).port, '127.0.0.1')
      let answers = ''
      caller.setEncoding('latin1').on('data', (piece: string) => {
        answers += piece
      })
      const closed = new Promise((resolve) => {
        caller.once('error', ({ code }: NodeJS.ErrnoException) => resolve(code))
        caller.once('close', () => resolve(undefined))
      })
      for (const path of ['/first', '/broken']) {
        caller.write(`GET ${path} HTTP/${version}\r\nHost: a\r\nConnection: keep-alive\r\n\r\n`)
      }
      assert.equal(await closed, end)
      if (end === undefined) assert.match(answers, /^HTTP\/1\.1 200 OK\r\n(?:.+\r\n)+\r\n<first>$/)
    })
  }
})
