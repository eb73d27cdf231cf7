import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Agent } from 'node:http'
import { connect, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { connect as connectTls } from 'node:tls'
import { startCachedShop } from '../support/cached-shop.ts'
import { startGateway } from '../support/gateway.ts'
import { startHeldUpstream } from '../support/held-upstream.ts'
import { globexHeaders, send, sendRaw } from '../support/http-client.ts'
import { startMagento } from '../support/magento-for-tests.ts'
import { answerWith, startRawUpstream } from '../support/raw-upstream.ts'
import { loopbackTls } from '../support/tls/pem.ts'
import { callersInAThread } from './callers-in-a-thread.ts'
import { connected } from './connected.ts'

const authorization = `Authorization: ${globexHeaders.Authorization}`
const get = `GET /rest/V1/products/24-MB01 HTTP/1.1\r\nHost: a\r\n${authorization}\r\n\r\n`
const body = '{"sku":"my-sku-123","qty":15}'
const post =
  `POST /rest/V1/magefine/inventaire HTTP/1.1\r\nHost: a\r\n${authorization}\r\n` +
  `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`

/** Whether each of the answers says that its connection closes. */
function closings(answers: string): boolean[] {
  const [, ...each] = answers.split('HTTP/1.1 200 OK\r\n')
  return each.map((answer) => /\r\nConnection: close\r\n/.test(answer))
}

async function isAccepted(url: string): Promise<boolean> {
  const socket = await connected(url).catch(() => undefined)
  socket?.destroy()
  return socket !== undefined
}

for (const [what, isKeptAlive] of [
  ['connections that nobody has accepted yet', false],
  ['connections that were idle', true],
] as const) {
  test(`answers what stands in the kernel for ${what} when the listener closes`, async () => {
    await using magento = await startMagento()
    await using gateway = await startGateway({ magentoUrl: magento.url })
    const callers = await callersInAThread({
      port: Number(new URL(gateway.url).port),
      requests: Array.from({ length: 30 }, () => get),
      isKeptAlive,
    })
    callers.sendWhileBlocked()
    const stopped = gateway.stop()
    for (const answer of await callers.answers) {
      assert.match(answer, /^HTTP\/1\.1 200 OK\r\n/)
      assert.match(answer, /\r\nConnection: close\r\n/)
    }
    await stopped
  })
}

for (const tls of [undefined, loopbackTls]) {
  const over = tls === undefined ? '' : ' over TLS'
  test(`answers a request that arrives${over} just after the listener has closed, on a new connection`, async () => {
    await using magento = await startMagento()
    await using gateway = await startGateway({
      magentoUrl: magento.url,
      gateway: { listen: { tls } },
    })
    const { hostname, port } = new URL(gateway.url)
    const socket =
      tls === undefined
        ? connect(Number(port), hostname)
        : connectTls({ port: Number(port), host: hostname, rejectUnauthorized: false })
    await once(socket, tls === undefined ? 'connect' : 'secureConnect')
    const stopped = gateway.stop()
    while (await isAccepted(gateway.url));
    socket.write(get)
    const answer = await text(socket)
    assert.match(answer, /^HTTP\/1\.1 200 OK\r\n/)
    assert.match(answer, /\r\nConnection: close\r\n/)
    await stopped
  })
}

test('answers such a request also where the process stands still until its time is over', async () => {
  await using magento = await startMagento()
  await using gateway = await startGateway({ magentoUrl: magento.url })
  const socket = await connected(gateway.url)
  const stopped = gateway.stop()
  while (await isAccepted(gateway.url));
  socket.write(get)
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 500)
  assert.match(await text(socket), /^HTTP\/1\.1 200 OK\r\n/)
  await stopped
})

test('lets a caller that is in the middle of its request finish it', async () => {
  await using magento = await startMagento()
  await using gateway = await startGateway({ magentoUrl: magento.url })
  const socket = await connected(gateway.url)
  socket.write(post + body.slice(0, 5))
  const other = await connected(gateway.url)
  other.write(get)
  // What was sent before it has been read when it is answered.
  await once(other, 'data')
  const otherClosed = once(other, 'close')
  const stopped = gateway.stop()
  // Idle connections are closed behind the listener.
  await otherClosed
  socket.write(body.slice(5))
  const answer = await text(socket)
  assert.match(answer, /^HTTP\/1\.1 200 OK\r\n/)
  assert.match(answer, /\r\nConnection: close\r\n/)
  await stopped
})

test('closes a connection only after the answers to all requests that were under way on it', async () => {
  await using upstream = await startHeldUpstream()
  await using gateway = await startGateway({ magentoUrl: upstream.url })
  const reading = sendRaw(gateway.url, get.repeat(3))
  const held = [await upstream.next(), await upstream.next(), await upstream.next()]
  const stopped = gateway.stop()
  for (const { answer } of held) answer()
  assert.deepEqual(closings(await reading), [false, false, true])
  await stopped
})

test('closes a connection only after the last of these, also once some of them have been answered', async () => {
  await using upstream = await startHeldUpstream()
  await using gateway = await startGateway({ magentoUrl: upstream.url })
  const socket = await connected(gateway.url)
  let answers = ''
  socket.setEncoding('latin1').on('data', (part) => {
    answers += part
  })
  socket.write(get.repeat(4))
  const held = []
  while (held.length < 4) held.push(await upstream.next())
  const stopped = gateway.stop()
  for (const [index, { answer }] of held.entries()) {
    answer()
    while (closings(answers).length <= index) await once(socket, 'data')
  }
  await once(socket, 'close')
  assert.deepEqual(closings(answers), [false, false, false, true])
  await stopped
})

/** Resolves once the listener and its idle connections are closed. */
async function idleAreClosed(url: string): Promise<() => Promise<unknown>> {
  const idle = await connected(url)
  idle.resume().write(get)
  await once(idle, 'data')
  const closed = once(idle, 'close')
  return () => closed
}

test('closes a connection only after the answers to requests that arrive on it while it stops', async () => {
  await using upstream = await startHeldUpstream()
  await using gateway = await startGateway({ magentoUrl: upstream.url })
  const waiting = idleAreClosed(gateway.url)
  ;(await upstream.next()).answer()
  const idleClosed = await waiting
  const socket = await connected(gateway.url)
  const reading = text(socket.setEncoding('latin1'))
  socket.write(get)
  const held = [await upstream.next()]
  const stopped = gateway.stop()
  await idleClosed()
  socket.write(get.repeat(2))
  while (held.length < 3) held.push(await upstream.next())
  for (const { answer } of held) answer()
  assert.deepEqual(closings(await reading), [false, false, true])
  await stopped
})

test('sends all of the answers that were ready when it stopped, though their caller is slow to read', async () => {
  await using shop = await startCachedShop('memory')
  const bytes = 250_000
  shop.respond = (socket) => answerWith(socket, { body: 'x'.repeat(bytes) })
  const idleClosed = await idleAreClosed(shop.gateway.url)
  const socket = await connected(shop.gateway.url)
  // More than the kernel keeps for a caller that does not read.
  const count = 30
  socket.pause().write(get.repeat(count))
  // By the time that another caller has its answer, these wait to be sent.
  await shop.get('/rest/V1/products/24-MB01')
  const stopped = shop.gateway.stop()
  await idleClosed()
  const answers = text(socket.setEncoding('latin1'))
  // The last one takes the connection along.
  socket.write(get)
  assert.equal(
    (await answers).match(/x+/g)?.filter(({ length }) => length === bytes).length,
    count + 1,
  )
  await stopped
})

test('closes a connection also after an answer that had begun before it stopped', {
  timeout: 60_000,
}, async () => {
  await using upstream = await startRawUpstream()
  await using gateway = await startGateway({
    magentoUrl: upstream.url,
    gateway: { listen: { idleMs: 3_600_000 }, shutdown: { deadlineMs: 3_600_000 } },
  })
  const idleClosed = await idleAreClosed(gateway.url)
  const half = 'x'.repeat(200_000)
  const begun = Promise.withResolvers<Socket>()
  upstream.answer = (socket) => {
    socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${2 * half.length}\r\n\r\n${half}`)
    begun.resolve(socket)
  }
  const socket = await connected(gateway.url)
  const reading = text(socket.setEncoding('latin1'))
  socket.write(get)
  await once(socket, 'readable')
  const stopped = gateway.stop()
  await idleClosed()
  ;(await begun.promise).write(half)
  assert.ok((await reading).endsWith(half + half))
  await stopped
})

for (const [kind, request, status, answer] of [
  ['that is streamed', 'POST /rest/V1/carts', 200, { body: 'x'.repeat(200_000) }],
  ['that is kept', 'GET /rest/V1/products/a', 200, { body: '{}' }],
  ['that is a problem', 'POST /rest/V1/products', 503, { status: '503 Away', headers: {} }],
  // It answers the first of two calls.
  ['of an endpoint', 'POST /rest/V1/magefine/inventaire', 200, { body: '{"item_id":7}' }],
] as const) {
  test(`closes a connection with its answer ${kind}`, async () => {
    await using shop = await startCachedShop('memory')
    const arrived = shop.holdNext()
    const content = request.startsWith('POST')
      ? `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`
      : '\r\n'
    const reading = sendRaw(
      shop.gateway.url,
      `${request} HTTP/1.1\r\nHost: a\r\n${authorization}\r\n${content}`,
    )
    const release = await arrived
    const stopped = shop.gateway.stop()
    release(answer)
    const [head = ''] = (await reading).split('\r\n\r\n')
    assert.match(head, new RegExp(`^HTTP/1\\.1 ${status} `))
    assert.match(head, /\r\nConnection: close(?:\r\n|$)/)
    await stopped
  })
}

test('does not wait for idle connections', async () => {
  await using magento = await startMagento()
  await using gateway = await startGateway({
    magentoUrl: magento.url,
    gateway: { shutdown: { deadlineMs: 3_600_000 } },
  })
  const agent = new Agent({ keepAlive: true })
  await send(gateway.url, { headers: globexHeaders, agent })
  const [idle] = Object.values(agent.freeSockets).flat()
  assert.ok(idle)
  const closed = once(idle, 'close')
  await gateway.stop()
  await closed
})

test('cuts off at the deadline what Magento has not answered', async () => {
  await using magento = await startMagento()
  await using gateway = await startGateway({
    magentoUrl: magento.url,
    gateway: { shutdown: { deadlineMs: 300 } },
  })
  await magento.setFault({ kind: 'stall' })
  const failed = assert.rejects(send(gateway.url, { headers: globexHeaders }), {
    code: 'ECONNRESET',
  })
  await magento.nextRequest()
  await gateway.stop()
  await failed
})

test('ends at the deadline whatever callers hold: idle, silent and half-sent connections', async () => {
  await using magento = await startMagento()
  await using gateway = await startGateway({
    magentoUrl: magento.url,
    gateway: { shutdown: { deadlineMs: 300 } },
  })
  const sockets = await Promise.all(
    ['', get, get.slice(0, 30), post + body.slice(0, 5)].map(async (bytes) => {
      const socket = await connected(gateway.url)
      socket.on('error', () => undefined)
      socket.resume()
      if (bytes !== '') socket.write(bytes)
      return socket
    }),
  )
  const closed = sockets.map((socket) => once(socket, 'close'))
  await gateway.stop()
  await Promise.all(closed)
  // Each request that was cut off is recorded; what had no whole head was none.
  const lines = (await gateway.auditText()).trim().split('\n')
  const methods = lines.map((line) => JSON.parse(line).method)
  assert.deepEqual(methods.sort(), ['GET', 'POST'])
})
