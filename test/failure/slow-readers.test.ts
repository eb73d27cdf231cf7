import assert from 'node:assert/strict'
import { once } from 'node:events'
import { constants } from 'node:http2'
import { after, before, beforeEach, describe, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { connect } from 'node:tls'
import { type CachedShop, startCachedShop } from '../support/cached-shop.ts'
import { globexHeaders } from '../support/http-client.ts'
import { begin, openSession, resetOf, sendOver } from '../support/http2-client.ts'
import { frame, frameTypes, getFrame, openRawHttp2 } from '../support/http2-frames.ts'
import { scrape } from '../support/metrics.ts'
import { answerWith } from '../support/raw-upstream.ts'
import { loopbackTls, pem } from '../support/tls/pem.ts'

const path = '/rest/V1/products/a'

/** More than the kernel takes for a connection that nobody reads. */
const body = 'x'.repeat(8_000_000)

describe('a caller that does not read its answer is cut off in time', () => {
  let shop: CachedShop
  let recorded = 0
  before(async () => {
    shop = await startCachedShop('memory', {
      gateway: {
        listen: { tls: loopbackTls },
        cache: { answerKiB: 32_768 },
        magento: { timeouts: { totalMs: 1_000 } },
      },
    })
    shop.respond = (socket) => answerWith(socket, { body })
    while ((await readOnce()) !== 200) await delay(5)
  })
  after(() => shop[Symbol.asyncDispose]())
  beforeEach(async () => {
    recorded = (await shop.gateway.auditRecords(0)).length
  })

  /** From then on it is kept; a busy machine may need longer than it has. */
  async function readOnce(): Promise<number | undefined> {
    const session = await openSession(shop.gateway.url)
    const answer = await sendOver(session, { ':path': path }).catch(() => undefined)
    session.destroy()
    return answer?.status
  }

  /** @param requests how many it is the last of */
  async function isRecorded(requests = 1) {
    const record = (await shop.gateway.auditRecords(recorded + requests)).at(-1)
    assert.deepEqual(
      [record?.code, record?.reason],
      ['client-closed', 'the caller did not read its answer in time'],
    )
  }

  test('over HTTP/1.1', async () => {
    const { hostname: host, port } = new URL(shop.gateway.url)
    const socket = connect({ host, port: Number(port), ca: pem('loopback.cert') })
    await once(socket, 'secureConnect')
    socket.on('error', () => undefined)
    const { Authorization } = globexHeaders
    socket.write(`GET ${path} HTTP/1.1\r\nHost: a\r\nAuthorization: ${Authorization}\r\n\r\n`)
    await isRecorded()
    socket.resume()
    await once(socket, 'close')
  })

  test('over HTTP/1.1, where an earlier answer on its connection comes first', async () => {
    const { hostname: host, port } = new URL(shop.gateway.url)
    const socket = connect({ host, port: Number(port), ca: pem('loopback.cert') })
    await once(socket, 'secureConnect')
    socket.on('error', () => undefined)
    const { Authorization } = globexHeaders
    const respond = shop.respond
    const arrived = shop.holdNext()
    const requests = ['/rest/V1/products/uncached', path].map(
      (each) => `GET ${each} HTTP/1.1\r\nHost: a\r\nAuthorization: ${Authorization}\r\n\r\n`,
    )
    socket.write(requests.join(''))
    const release = await arrived
    shop.respond = respond
    release()
    await isRecorded(2)
    socket.resume()
    await once(socket, 'close')
  })

  test('over HTTP/2, and others on its connection are served', async () => {
    const session = await openSession(shop.gateway.url)
    const stream = begin(session, { ':path': path }).on('error', () => undefined)
    await isRecorded()
    assert.equal(await resetOf(stream), 'INTERNAL_ERROR')
    assert.equal((await sendOver(session, { ':path': '/rest/V1/customers' })).status, 403)
    session.destroy()
  })

  test('over HTTP/2, where all but the end of a long answer was passed on', async () => {
    const session = await openSession(shop.gateway.url)
    // More than is sent before the caller asks for more (RFC 9113, section 6.9.2).
    shop.respond = (socket) => answerWith(socket, { body: 'x'.repeat(65_537) })
    const post = { ':method': 'POST', ':path': '/rest/V1/carts' }
    const stream = begin(session, post, { endStream: true }).on('error', () => undefined)
    await new Promise((resolve) => stream.once('close', resolve))
    assert.equal(await resetOf(stream), 'INTERNAL_ERROR')
    session.destroy()
  })

  test('over HTTP/2, and what was refused to it is recorded and counted as refused', async () => {
    using connection = await openRawHttp2(shop.gateway.url)
    const { socket, firstOf } = connection
    const noWindow = Buffer.alloc(6)
    noWindow.writeUInt16BE(constants.NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE)
    socket.write(frame(frameTypes.settings, 0, 0, noWindow))
    socket.write(getFrame(1, path, 'Bearer a-guess'))
    await firstOf(frameTypes.rstStream, 1)
    const record = (await shop.gateway.auditRecords(recorded + 1)).at(-1)
    assert.deepEqual(
      [record?.status, record?.code, record?.policy],
      [401, 'unauthenticated', 'credential'],
    )
    const { value } = await scrape(shop.gateway)
    assert.equal(value('magegate_authentication_failures_total{kind="nobody"}'), 1)
  })

  test('over HTTP/2, with its connection where it does not read that', async () => {
    using connection = await openRawHttp2(shop.gateway.url)
    const { socket, firstOf } = connection
    const windowBytes = 2 ** 30
    const initialWindowSize = Buffer.alloc(6)
    initialWindowSize.writeUInt16BE(constants.NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE)
    initialWindowSize.writeUInt32BE(windowBytes, 2)
    const increment = Buffer.alloc(4)
    increment.writeUInt32BE(windowBytes)
    socket.write(frame(frameTypes.settings, 0, 0, initialWindowSize))
    socket.write(frame(frameTypes.windowUpdate, 0, 0, increment))
    socket.write(getFrame(1, path, globexHeaders.Authorization))
    await firstOf(frameTypes.headers, 1)
    socket.pause()
    await isRecorded()
    socket.resume()
    await connection.ended
  })
})
