import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, connect as connectTcp, createServer, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { after, before, describe, test } from 'node:test'
import { connect as connectTls } from 'node:tls'
import { closeInStages } from '../../src/server/close-in-stages.ts'
import { globex, startGateway, type TestGateway } from '../support/gateway.ts'
import { globexHeaders } from '../support/http-client.ts'
import { loopbackTls, pem } from '../support/tls/pem.ts'

// More than the kernel takes for a connection that nobody reads.
const bytes = 16_000_000

const fields = Object.entries({ Host: 'x', ...globexHeaders, 'Content-Type': 'application/json' })
  .map(([name, value]) => `${name}: ${value}\r\n`)
  .join('')
const post = (path: string, framing: string) =>
  `POST ${path} HTTP/1.1\r\n${fields}${framing}\r\n\r\n`
const products = '/rest/V1/products'
const chunk = `10000\r\n${'x'.repeat(65_536)}\r\n`
const chunks = chunk.repeat(bytes / 65_536)

/** What is refused before all of it has arrived, with the status of their answer. */
const refused: Record<string, readonly [string, number]> = {
  'a body that is announced as too long': [
    post(products, `Content-Length: ${bytes}`) + 'x'.repeat(bytes),
    413,
  ],
  'a body that turns out to be too long': [
    `${post(products, 'Transfer-Encoding: chunked')}${chunks}0\r\n\r\n`,
    413,
  ],
  'a body behind a head that is refused': [
    `${post('/wp-login.php', 'Transfer-Encoding: chunked')}${chunks}0\r\n\r\n`,
    400,
  ],
  'a target that is too long': [
    `GET ${products}?${'x'.repeat(bytes)} HTTP/1.1\r\n${fields}\r\n`,
    431,
  ],
  'a request that is the last on its connection, with more behind it': [
    `GET ${products} HTTP/1.1\r\n${fields}Connection: close\r\n\r\n${'x'.repeat(bytes)}`,
    502,
  ],
  'a tunnel that is asked for, with more behind it': [
    `CONNECT shop:443 HTTP/1.1\r\n${fields}\r\n${'x'.repeat(bytes)}`,
    400,
  ],
  'a request of HTTP/1.0 with more behind it': [
    `GET ${products} HTTP/1.0\r\n${fields}\r\n${'x'.repeat(bytes)}`,
    502,
  ],
}

for (const protocol of ['http', 'https'] as const) {
  describe(`a caller over ${protocol} that reads nothing before it has sent all`, () => {
    let gateway: TestGateway
    before(async () => {
      const listen = protocol === 'http' ? {} : { tls: loopbackTls, requireHttps: true }
      const magentoUrl = 'http://127.0.0.1:9'
      gateway = await startGateway({ magentoUrl, integrations: [globex], gateway: { listen } })
    })
    after(() => gateway[Symbol.asyncDispose]())

    for (const [name, [request, status]] of Object.entries(refused)) {
      test(`learns why ${name} is refused, and has one record of it`, async () => {
        const before = (await gateway.auditRecords(0)).length
        const port = Number(new URL(gateway.url).port)
        const host = '127.0.0.1'
        const socket =
          protocol === 'http'
            ? connectTcp(port, host)
            : connectTls({ port, host, ca: pem('loopback.cert') })
        await new Promise((resolve, reject) => {
          socket.once('error', reject)
          socket.write(request, 'latin1', resolve)
        })
        const answer = await text(socket)
        assert.equal(answer.slice(0, 12), `HTTP/1.1 ${status}`)
        const records = await gateway.auditRecords(before + 1)
        assert.deepEqual(
          records.slice(before).map((record) => record.status),
          [status],
        )
      })
    }
  })
}

test('a caller that does not close its side is cut off after five seconds', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  await using server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const caller = connectTcp({ port, host: '127.0.0.1', allowHalfOpen: true })
  using stack = new DisposableStack()
  stack.defer(() => caller.destroy())
  const [socket] = (await once(server, 'connection')) as [Socket]
  closeInStages(socket)
  await once(caller.resume(), 'end')
  t.mock.timers.tick(4_999)
  assert.equal(socket.destroyed, false)
  t.mock.timers.tick(1)
  assert.equal(socket.destroyed, true)
})
