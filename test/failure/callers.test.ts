import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { after, before, describe, test } from 'node:test'
import { startGateway, type TestGateway } from '../support/gateway.ts'
import { globexHeaders, send } from '../support/http-client.ts'
import { type RawUpstream, startRawUpstream } from '../support/raw-upstream.ts'

const long = `HTTP/1.1 200 OK\r\nContent-Length: 50000000\r\n\r\n${'x'.repeat(1_000_000)}`

/** More than the kernel and the streams on the way take for a caller that does not read, bytes. */
const mostTaken = 50_000_000

describe('a caller', () => {
  let magento: RawUpstream
  let gateway: TestGateway
  before(async () => {
    magento = await startRawUpstream()
    gateway = await startGateway({
      magentoUrl: magento.url,
      gateway: {
        magento: {
          timeouts: { totalMs: 2_000 },
          circuitBreaker: { minimumCalls: 1, failureShare: 0.1, openMs: 3_600_000 },
        },
      },
    })
  })
  after(async () => {
    await gateway[Symbol.asyncDispose]()
    await magento[Symbol.asyncDispose]()
  })

  /** Opens a connection and sends the beginning of what a caller has to say. */
  function say(words: string) {
    const { hostname, port } = new URL(gateway.url)
    const socket = connect(Number(port), hostname)
    socket.on('error', () => undefined)
    socket.write(words)
    return socket
  }

  function headOf(method: string, ...fields: string[]): string {
    const lines = Object.entries({ Host: 'a', ...globexHeaders }).map(
      ([name, value]) => `${name}: ${value}`,
    )
    return [`${method} /rest/V1/products HTTP/1.1`, ...lines, ...fields, '', ''].join('\r\n')
  }

  for (const [how, leave, code] of [
    ['', (socket: Socket) => socket.destroy(), 'malformed-http'],
    // As HAProxy and Apache do when their own caller has left.
    [' by a reset', (socket: Socket) => socket.resetAndDestroy(), 'bad-request'],
  ] as const) {
    test(`that goes away${how} before its request is whole: nothing is sent, and it is recorded`, async () => {
      const { length: recorded } = await gateway.auditRecords(0)
      const { length: sent } = magento.requests
      const type = 'Content-Type: application/json'
      const socket = say(`${headOf('POST', type, 'Content-Length: 100')}{"product":`)
      // Its connection is there: another one behind it has been served.
      assert.equal((await send(gateway.url, { headers: globexHeaders })).status, 200)
      leave(socket)
      const records = await gateway.auditRecords(recorded + 2)
      const left = records.slice(recorded).find(({ method }) => method !== 'GET')
      assert.match(left?.code ?? '', new RegExp(`^(?:client-closed|${code})$`))
      assert.equal(magento.requests.length, sent + 1)
    })
  }

  test('that closes its own side behind its request counts as one that has left', async () => {
    const { length: recorded } = await gateway.auditRecords(0)
    const { length: sent } = magento.requests
    const before = magento.answer
    magento.answer = () => undefined
    const { hostname: host, port } = new URL(gateway.url)
    const socket = connect({ host, port: Number(port), allowHalfOpen: true })
    socket.write(headOf('GET'))
    await magento.requestsReach(sent + 1)
    socket.end()
    const [answer, record] = [await text(socket), (await gateway.auditRecords(recorded + 1)).at(-1)]
    assert.deepEqual([answer, record?.code], ['', 'client-closed'])
    magento.answer = before
  })

  test('that does not read its answer: it is cut off in time, which says nothing against Magento', async () => {
    const { length: recorded } = await gateway.auditRecords(0)
    const { length: sent } = magento.requests
    const before = magento.answer
    let taken = 0
    magento.answer = (socket) => {
      const more = () => {
        while (!socket.destroyed && socket.write('x'.repeat(65_536)));
        taken = socket.bytesWritten
      }
      socket.write(long)
      socket.on('drain', more)
      more()
    }
    const socket = say(headOf('GET'))
    socket.pause()
    await magento.requestsReach(sent + 1)
    const record = (await gateway.auditRecords(recorded + 1)).at(-1)
    assert.deepEqual([record?.code, record?.reason], ['upstream-timeout', 'TOTAL_TIMEOUT'])
    await magento.socketsFallTo(0)
    assert.ok(taken < mostTaken, `${taken} bytes were taken for a caller that reads none`)
    magento.answer = before
    assert.equal((await send(gateway.url, { headers: globexHeaders })).status, 200)
    socket.resume()
    await once(socket, 'close')
  })
})
