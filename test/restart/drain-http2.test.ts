import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect as connectHttp2, constants } from 'node:http2'
import { test } from 'node:test'
import { connect as connectTls } from 'node:tls'
import { startGateway } from '../support/gateway.ts'
import { startHeldUpstream } from '../support/held-upstream.ts'
import { globexHeaders } from '../support/http-client.ts'
import { answerOn, begin, openSession, sendOver } from '../support/http2-client.ts'
import {
  endStream,
  frameTypes,
  getFrame,
  openRawHttp2,
  type ReceivedFrame,
} from '../support/http2-frames.ts'
import { startMagento } from '../support/magento-for-tests.ts'
import { loopbackTls, pem } from '../support/tls/pem.ts'
import { connected } from './connected.ts'

const listen = { requireHttps: true, tls: loopbackTls }

function getOn(stream: number, path = '/rest/V1/products/24-MB01'): Buffer {
  return getFrame(stream, path, globexHeaders.Authorization)
}

for (const noticeMs of [0, 2_000]) {
  test(`open streams are answered before the caller is told of the end, with a notice of ${noticeMs} ms`, async () => {
    await using upstream = await startHeldUpstream()
    await using gateway = await startGateway({
      magentoUrl: upstream.url,
      gateway: { listen, shutdown: { noticeMs } },
    })
    using raw = await openRawHttp2(gateway.url)
    const streams = [1, 3]
    raw.socket.write(Buffer.concat(streams.map((stream) => getOn(stream))))
    const held = [await upstream.next(), await upstream.next()]
    const stopped = gateway.stop()
    for (const { answer } of held) answer()
    const frames = await raw.ended
    await stopped
    const isAnswered = (stream: number) =>
      frames.some((each) => each.stream === stream && (each.flags & endStream) !== 0)
    assert.deepEqual(streams.map(isAnswered), [true, true])
    const told = frames.findIndex(({ type }) => type === frameTypes.goaway)
    const lastOfStreams = frames.findLastIndex(({ stream }) => stream > 0)
    assert.ok(told > lastOfStreams)
  })
}

test('a caller that opens another stream on a closing connection is told, and all are answered', async () => {
  await using upstream = await startHeldUpstream()
  await using gateway = await startGateway({
    magentoUrl: upstream.url,
    gateway: { listen },
  })
  const [session, idle] = [await openSession(gateway.url), await openSession(gateway.url)]
  const lastStreams: number[] = []
  const twice = new Promise<void>((resolve) =>
    session.on('goaway', (code, lastStream) => {
      assert.equal(code, constants.NGHTTP2_NO_ERROR)
      lastStreams.push(lastStream)
      if (lastStreams.length === 2) resolve()
    }),
  )
  const isIdleClosed = once(idle, 'close')
  const first = sendOver(session)
  const held = [await upstream.next()]
  const stopped = gateway.stop()
  await isIdleClosed
  const second = sendOver(session)
  held.push(await upstream.next())
  await twice
  for (const { answer } of held) answer()
  const answers = await Promise.all([first, second])
  assert.deepEqual(
    answers.map(({ status }) => status),
    [200, 200],
  )
  await stopped
  // RFC 9113, section 6.8: what has been said of the last stream is never raised.
  assert.deepEqual(lastStreams.slice(0, 2), [2 ** 31 - 1, 3])
})

test('a connection that is set up after the stop has begun is ended at once', async () => {
  await using magento = await startMagento()
  await using gateway = await startGateway({
    magentoUrl: magento.url,
    gateway: { listen },
  })
  const late = (await connected(gateway.url)).on('error', () => undefined)
  const idle = await openSession(gateway.url)
  // The gateway has accepted what came before it.
  assert.equal((await sendOver(idle)).status, 200)
  const stopped = gateway.stop()
  await once(idle, 'close')
  const session = connectHttp2(gateway.url, {
    createConnection: () =>
      connectTls({ socket: late, ca: pem('loopback.cert'), ALPNProtocols: ['h2'] }),
  }).on('error', () => undefined)
  const isEnded = new Promise((resolve) => session.once('goaway', () => resolve(true)))
  await once(session, 'connect')
  // Answers to pings overtake other frames, but not those that were sent before the ping came.
  await new Promise((resolve) => session.ping(resolve))
  const isOpen = new Promise((resolve) => session.ping((error) => error ?? resolve(false)))
  assert.equal(await Promise.race([isEnded, isOpen]), true)
  session.destroy()
  await stopped
})

test('a request during the notice is answered, and ends its connection', async () => {
  await using magento = await startMagento()
  await using gateway = await startGateway({
    magentoUrl: magento.url,
    gateway: { listen, shutdown: { noticeMs: 1_000 } },
  })
  const session = await openSession(gateway.url)
  assert.equal((await sendOver(session)).status, 200)
  const stopped = gateway.stop()
  const told = once(session, 'goaway')
  assert.equal((await sendOver(session)).status, 200)
  const [code, lastStream] = await told
  assert.equal(code, constants.NGHTTP2_NO_ERROR)
  // At the end of the notice, the last stream would be named at once.
  assert.equal(lastStream, 2 ** 31 - 1)
  await stopped
})

test('streams are answered that came with one whose answer ends the connection', async () => {
  await using magento = await startMagento()
  await using gateway = await startGateway({
    magentoUrl: magento.url,
    gateway: { listen, shutdown: { noticeMs: 1_000 } },
  })
  using raw = await openRawHttp2(gateway.url)
  assert.equal((await fetch(`${gateway.adminUrl}/readyz`)).status, 200)
  const stopped = gateway.stop()
  // The first one is refused as soon as it is read.
  raw.socket.write(Buffer.concat([getOn(1, '/'), getOn(3)]))
  await raw.firstOf(frameTypes.headers, 1)
  assert.equal(isOk(await raw.firstOf(frameTypes.headers, 3)), true)
  await stopped
})

test('what is still open at the deadline is cut off: streams, and connections without a handshake', async () => {
  await using upstream = await startHeldUpstream()
  await using gateway = await startGateway({
    magentoUrl: upstream.url,
    gateway: { listen, shutdown: { deadlineMs: 200 } },
  })
  const session = await openSession(gateway.url)
  const silent = (await connected(gateway.url)).on('error', () => undefined)
  const isSilentClosed = once(silent, 'close')
  const unanswered = assert.rejects(answerOn(begin(session)), /^Error: no whole answer/)
  await upstream.next()
  await gateway.stop()
  await unanswered
  await isSilentClosed
})

/** Whether an answer begins with `:status: 200`, by its index in the static table (RFC 7541, appendix A). */
function isOk({ payload }: ReceivedFrame): boolean {
  return payload[0] === 0x88
}
