import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterEach, describe, test } from 'node:test'
import { queryObjects } from 'node:v8'
import { RequestContext } from '../../src/request-context.ts'
import { openBodyMemory } from '../../src/server/body-memory.ts'
import { acme, globex, startGateway } from '../support/gateway.ts'
import { startHeldUpstream } from '../support/held-upstream.ts'
import { acmeHeaders, globexHeaders, problemOf, send } from '../support/http-client.ts'
import { scrapeUntil } from '../support/metrics.ts'
import { shared } from '../support/shared.ts'

const bodyBytes = 65_536
/** So many bodies of this length fit into a mebibyte. */
const fitting = 16
/** So many of them one integration can have waiting. */
const fittingOfOne = 12
const path = '/rest/V1/products'
const head = `POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n`

const sockets = new Set<Socket>()
const magento = await shared(startHeldUpstream())
const gateway = await shared(
  startGateway({
    magentoUrl: magento.url,
    integrations: [acme, globex],
    gateway: {
      listen: { trustedProxies: ['127.0.0.0/8'] },
      limits: { bodyBytes, bodyMemoryMiB: 1 },
    },
  }),
)
afterEach(() => {
  for (const socket of sockets) socket.destroy()
  sockets.clear()
})

/** Begins a request whose body does not come to its end; resolves with its answer. */
function beginBody(fields = ''): Promise<string> {
  return text(openBody('127.0.0.1', ' '.repeat(bodyBytes - 1), globexField + fields))
}

const globexField = `Authorization: ${globexHeaders.Authorization}\r\n`

/** Sends the head of a request with the longest body, and the beginning of the body. */
function openBody(localAddress: string, begin: string, signIn = globexField): Socket {
  const { hostname: host, port } = new URL(gateway.url)
  const socket = connect({ host, port: Number(port), localAddress }).on('error', () => undefined)
  sockets.add(socket)
  socket.write(`${head}${signIn}Content-Length: ${bodyBytes}\r\n\r\n${begin}`)
  return socket
}

/** Of the longest body that is allowed. */
function wholeBody(): string {
  const around = JSON.stringify({ product: { sku: '' } }).length
  return JSON.stringify({ product: { sku: 'x'.repeat(bodyBytes - around) } })
}

/** Sends a write with an Idempotency-Key, to which the caller does not wait for the answer. */
function beginWithKey(key: string): void {
  const { hostname, port } = new URL(gateway.url)
  const socket = connect(Number(port), hostname).on('error', () => undefined)
  sockets.add(socket)
  const fields = `${globexField}Idempotency-Key: ${key}\r\n`
  socket.write(`${head}${fields}Content-Length: ${bodyBytes}\r\n\r\n${wholeBody()}`)
}

/** Sends a write of the longest body. */
function sendWhole(signIn: (body: string) => Record<string, string> = () => globexHeaders) {
  const body = wholeBody()
  return send(gateway.url, {
    ...{ method: 'POST', path, body },
    headers: { ...signIn(body), 'Content-Type': 'application/json' },
  })
}

/** Resolves when so many of these have resolved. */
function someOf(all: readonly Promise<unknown>[], count: number): Promise<void> {
  return new Promise((resolve) => {
    let left = count
    const note = () => {
      left -= 1
      if (left === 0) resolve()
    }
    // The others break off when the test is over.
    for (const each of all) each.then(note, () => undefined)
  })
}

/** Asks until no body is held any more. */
async function allReleased(): Promise<void> {
  await scrapeUntil(gateway, ({ value }) => value('magegate_request_bodies_bytes') === 0)
}

describe('where the memory for bodies is used up', () => {
  test('by bodies that never end, the oldest one is given up, and a complete one is served', async () => {
    const answers = Array.from({ length: fitting + 1 }, () => beginBody())
    const answer = await Promise.race(answers)
    assert.match(answer, /^HTTP\/1\.1 503 /)
    assert.match(answer, /Connection: close\r\n/)
    assert.match(answer, /Retry-After: 1\r\n/)
    assert.match(answer, /"code":"gateway-busy"/)

    const served = sendWhole()
    const request = await magento.next()
    request.answer()
    assert.equal((await served).status, 200)
  })

  for (const [whom, network] of [
    ['by one address that sends many', ''],
    ['by one IPv6 network that sends many', '2001:db8::'],
  ] as const) {
    test(`${whom}, it displaces none of another one, however slow that is`, async () => {
      await allReleased()
      const body = wholeBody()
      const slow = openBody('127.0.0.2', body.slice(0, -1))
      await scrapeUntil(
        gateway,
        ({ value }) => value('magegate_request_bodies_bytes') === bodyBytes,
      )
      const answers = Array.from({ length: 2 * fitting }, (_, index) =>
        beginBody(network && `X-Forwarded-For: ${network}${index}\r\n`),
      )
      await someOf(answers, fitting + 1)
      slow.write(body.slice(-1))
      const request = await magento.next()
      request.answer()
      const [answer] = await once(slow, 'data')
      assert.match(String(answer), /^HTTP\/1\.1 200 /)
    })
  }

  test('by requests that wait for Magento, a further one is refused, and all of those are answered', async () => {
    await allReleased()
    const waiting = Array.from({ length: fittingOfOne }, () => sendWhole())
    const requests = await Promise.all(waiting.map(() => magento.next()))
    const refused = await sendWhole()
    assert.equal(refused.status, 503)
    assert.equal(refused.headers['retry-after'], '1')
    assert.equal(problemOf(refused).code, 'gateway-busy')
    // A request without a body needs none of it.
    assert.equal((await send(gateway.url, { path: '/' })).status, 400)

    for (const { answer } of requests) answer()
    assert.deepEqual(
      (await Promise.all(waiting)).map(({ status }) => status),
      Array(fittingOfOne).fill(200),
    )
    await allReleased()
  })

  test('by waiting requests of one integration, and bodies that nobody vouches for, others are still served', async () => {
    await allReleased()
    const waiting = Array.from({ length: fittingOfOne - 1 }, () => sendWhole())
    const requests = await Promise.all(waiting.map(() => magento.next()))
    for (let count = fittingOfOne - 1; count < fitting; count += 1) {
      openBody('127.0.0.3', ' '.repeat(bodyBytes - 1), '')
    }
    await scrapeUntil(gateway, ({ value }) => {
      return value('magegate_request_bodies_bytes') === fitting * bodyBytes
    })

    waiting.push(sendWhole())
    requests.push(await magento.next())
    assert.equal(problemOf(await sendWhole()).code, 'gateway-busy')
    waiting.push(sendWhole(acmeHeaders))
    requests.push(await magento.next())

    for (const { answer } of requests) answer()
    for (const { status } of await Promise.all(waiting)) assert.equal(status, 200)
    for (const socket of sockets) socket.destroy()
    await allReleased()
  })
})

/** Memory of 1,000 bytes for bodies with names, and those that were given up. */
function openNamed() {
  const memory = openBodyMemory(() => 1_000)
  const givenUp: string[] = []
  function begin(name: string, address: string, integration: string | undefined, bytes: number) {
    const share = memory.open({ address, integration }, () => givenUp.push(name))
    assert.equal(share.grow(bytes, false), true, name)
    return share
  }
  return { memory, givenUp, begin }
}

test('an integration that has to leave room gives up its own bodies, those of an address with too many first', () => {
  const { memory, givenUp, begin } = openNamed()
  begin('waits for Magento', '192.0.2.1', 'acme-erp', 300).keep()
  begin('of nobody', '192.0.2.2', undefined, 200)
  begin('oldest', '192.0.2.3', 'acme-erp', 100)
  begin('of a crowd', '192.0.2.4', 'acme-erp', 150)
  begin('of a crowd, too', '192.0.2.4', 'acme-erp', 110)
  assert.deepEqual(givenUp, [])
  begin('new', '192.0.2.5', 'acme-erp', 150)
  assert.deepEqual(givenUp, ['of a crowd'])
  begin('newer', '192.0.2.5', 'acme-erp', 100)
  assert.deepEqual(givenUp, ['of a crowd', 'oldest'])
  assert.equal(memory.used(), 860)
})

test('an integration that has to leave room gives up its own bodies, though an address of others has too many', () => {
  const { givenUp, begin } = openNamed()
  begin('of a crowd', '192.0.2.1', undefined, 300)
  begin('first', '192.0.2.2', 'acme-erp', 250)
  begin('second', '192.0.2.3', 'acme-erp', 250)
  begin('third', '192.0.2.4', 'acme-erp', 300)
  assert.deepEqual(givenUp, ['first'])
})

test('one body may take all of the memory, in whatever pieces it comes', () => {
  const memory = openBodyMemory(() => 1_000)
  const share = memory.open({ address: '192.0.2.1', integration: 'acme-erp' }, assert.fail)
  for (const bytes of [400, 800, 1_000]) assert.equal(share.grow(bytes, false), true)
})

test('a body that finds no room is not given up by itself, but refused, and nothing else changes', () => {
  const memory = openBodyMemory(() => 1_000)
  const caller = { address: '192.0.2.1', integration: undefined }
  const share = memory.open(caller, () => assert.fail('given up'))
  assert.equal(share.grow(600, false), true)
  assert.equal(share.grow(1_200, false), false)
  assert.equal(memory.used(), 600)
  share.release()
  assert.equal(memory.used(), 0)
})

test('a body that has come as a whole is not given up, and its memory is given back', () => {
  const memory = openBodyMemory(() => 1_000)
  const open = (address: string) =>
    memory.open({ address, integration: undefined }, () => assert.fail('given up'))
  const whole = open('192.0.2.1')
  assert.equal(whole.grow(300, false), true)
  assert.equal(whole.grow(600, true), true)
  assert.equal(open('192.0.2.2').grow(600, false), false)
  whole.keep()
  whole.release()
  whole.release()
  assert.equal(memory.used(), 0)
  assert.equal(open('192.0.2.2').grow(1_000, true), true)
})

test('a request with a key holds the memory of its body until it is carried out, even if its caller leaves', async () => {
  await allReleased()
  for (let count = 0; count < fittingOfOne; count += 1) beginWithKey(`key-${count}`)
  const requests = await Promise.all(Array.from({ length: fittingOfOne }, () => magento.next()))
  for (const socket of sockets) socket.destroy()
  const left =
    'magegate_requests_total{integration="globex-pim",route="POST /V1/products",status="499",code="client-closed"}'
  await scrapeUntil(gateway, ({ value }) => value(left) === fittingOfOne)
  assert.equal(problemOf(await sendWhole()).code, 'gateway-busy')

  for (const { answer } of requests) answer()
  await allReleased()
})

test('a body in thousands of tiny pieces is given up', async () => {
  const { hostname, port } = new URL(gateway.url)
  const socket = connect(Number(port), hostname).on('error', () => undefined)
  sockets.add(socket)
  socket.write(`${head}Transfer-Encoding: chunked\r\n\r\n${'1\r\n \r\n'.repeat(5_000)}`)
  const answer = await text(socket)
  assert.match(answer, /^HTTP\/1\.1 400 /)
  assert.match(answer, /too many small pieces/)
  await allReleased()
})

test('a long body may come in thousands of pieces that are not tiny', async () => {
  await using roomy = await startGateway({ magentoUrl: magento.url, integrations: [globex] })
  const { hostname, port } = new URL(roomy.url)
  const socket = connect(Number(port), hostname)
  sockets.add(socket)
  const piece = ' '.repeat(40)
  const chunks = `28\r\n${piece}\r\n`.repeat(5_000)
  socket.write(
    `${head}${globexField}Transfer-Encoding: chunked\r\n\r\n${chunks}2\r\n{}\r\n0\r\n\r\n`,
  )
  const request = await magento.next()
  request.answer()
  const [answer] = await once(socket, 'data')
  assert.match(String(answer), /^HTTP\/1\.1 200 /)
})

test('a connection that stays open keeps nothing of its last request', async () => {
  await allReleased()
  const { hostname, port } = new URL(gateway.url)
  const socket = connect(Number(port), hostname)
  sockets.add(socket)
  // Its answer has to wait for the one before it.
  socket.write(`GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n${head}Content-Length: 2\r\n\r\n{}`)
  let answers = ''
  for await (const piece of socket.iterator({ destroyOnReturn: false })) {
    answers += String(piece)
    if (answers.split('"code":"unauthenticated"').length > 2) break
  }
  await gateway.auditText()
  assert.equal(queryObjects(RequestContext, { format: 'count' }), 0)
  assert.ok(!socket.destroyed)
})
