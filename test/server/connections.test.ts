import assert from 'node:assert/strict'
import dns from 'node:dns'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { connect, Socket } from 'node:net'
import { afterEach, describe, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { compileIpSet } from '../../src/contract/ip-address.ts'
import { boundConnections } from '../../src/server/connections.ts'
import { quietAddresses, startGateway, type TestGateway } from '../support/gateway.ts'
import { globexHeaders, send } from '../support/http-client.ts'
import {
  endHeaders,
  frame,
  frameTypes,
  getFields,
  literals,
  openRawHttp2,
} from '../support/http2-frames.ts'
import { startMagento } from '../support/magento-for-tests.ts'
import { shared } from '../support/shared.ts'
import { loopbackTls } from '../support/tls/pem.ts'

const magento = await shared(startMagento())

const { data, headers } = frameTypes
const post = getFields('/rest/V1/products').map(
  ([name, value]) => [name, name === ':method' ? 'POST' : value] as const,
)

// Far below the standard of the time within which a connection without a request is closed.
const bound = { timeout: 60_000 }

let sockets: Socket[] = []
afterEach(() => {
  for (const socket of sockets) socket.destroy()
  sockets = []
})

function start(total: number, perAddress: number, listen = {}): Promise<TestGateway> {
  return startGateway({
    magentoUrl: magento.url,
    gateway: {
      listen: { maxConnections: total, ...listen },
      limits: { perAddress: { ...quietAddresses, connections: perAddress } },
    },
  })
}

function open({ url }: TestGateway, localAddress = '127.0.0.1'): Socket {
  const { hostname, port } = new URL(url)
  const socket = connect({ host: hostname, port: Number(port), localAddress })
  sockets.push(socket)
  return socket.on('error', () => undefined).resume()
}

/** Opens connections that the gateway keeps open: each has had an answer. */
async function hold(gateway: TestGateway, count: number, localAddress?: string): Promise<void> {
  for (let left = count; left > 0; left -= 1) {
    const socket = open(gateway, localAddress)
    socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    await once(socket, 'data')
  }
}

const closed = (socket: Socket) => once(socket, 'close')

async function refusedIn({ adminUrl }: TestGateway): Promise<string[]> {
  const metrics = await (await fetch(`${adminUrl}/metrics`)).text()
  return metrics
    .split('\n')
    .filter((line) => line.startsWith('magegate_connections_refused_total{'))
}

describe('beyond a bound a connection is closed at once', () => {
  test('for one address, and others are served', async () => {
    await using gateway = await start(100, 3)
    await hold(gateway, 3, '127.0.0.2')
    await closed(open(gateway, '127.0.0.2'))
    assert.equal((await send(gateway.url, { headers: globexHeaders })).status, 200)
    assert.deepEqual(await refusedIn(gateway), [
      'magegate_connections_refused_total{bound="address"} 1',
    ])
  })

  test('for all together', async () => {
    await using gateway = await start(4, 100)
    await hold(gateway, 2, '127.0.0.2')
    await hold(gateway, 2, '127.0.0.3')
    await closed(open(gateway))
    assert.deepEqual(await refusedIn(gateway), [
      'magegate_connections_refused_total{bound="total"} 1',
    ])
  })

  test('before its TLS handshake', async () => {
    await using gateway = await start(2, 100, { tls: loopbackTls })
    const first = [open(gateway), open(gateway)]
    await Promise.all(first.map((socket) => once(socket, 'connect')))
    await closed(open(gateway))
    for (const socket of first) socket.destroy()
  })
})

for (const [whose, total, perAddress] of [
  ['of its address', 100, 2],
  ['of all together', 2, 100],
] as const) {
  test(`a connection that has been closed leaves room for another ${whose}`, async () => {
    await using gateway = await start(total, perAddress)
    for (let turn = 0; turn < 3; turn += 1) {
      await hold(gateway, 2)
      for (const socket of sockets) socket.destroy()
      await untilServed(() => send(gateway.url, { headers: globexHeaders }))
    }
  })
}

/** Tries until it succeeds: the gateway hears of a connection that is closed at its own time. */
async function untilServed<Result>(act: () => Promise<Result>): Promise<Result> {
  for (;;) {
    try {
      return await act()
    } catch {
      await delay(10)
    }
  }
}

test(
  'so does one over HTTP/2 whose caller resets it behind a frame that ends it',
  bound,
  async () => {
    await using gateway = await start(1, 100, { tls: loopbackTls })
    const begun = [1, 3, 5, 7, 9].map((stream) =>
      frame(headers, endHeaders, stream, literals(post)),
    )
    const wrong = frame(data, 0, 0, Buffer.from('a'))
    for (let turn = 0; turn < 10; turn += 1) {
      const [tcp, raw] = await untilServed(async () => {
        const socket = open(gateway)
        return [socket, await openRawHttp2(gateway.url, { socket })] as const
      })
      // The gateway has read what came with the handshake.
      await new Promise(setImmediate)
      raw.socket.write(Buffer.concat([...begun, wrong]))
      // Before the gateway reads any of that.
      tcp.resetAndDestroy()
    }
    await untilServed(() => openRawHttp2(gateway.url, { socket: open(gateway) }))
  },
)

test('a name with several addresses has one listener only, so that all connections are bounded and drained', async (t) => {
  const addresses = ['127.0.0.1', '127.0.0.2'].map((address) => ({ address, family: 4 }))
  t.mock.method(dns, 'lookup', (name: string, _: object, found: (...result: unknown[]) => void) =>
    process.nextTick(
      found,
      null,
      name === 'localhost' ? addresses : [{ address: name, family: 4 }],
    ),
  )
  await using gateway = await start(100, 100, { host: 'localhost' })
  t.mock.reset()
  const socket = connect({ host: '127.0.0.2', port: Number(new URL(gateway.url).port) })
  await assert.rejects(once(socket, 'connect'), { code: 'ECONNREFUSED' })
})

test('a trusted proxy may have as many connections as all together', async () => {
  await using gateway = await start(100, 1, { trustedProxies: ['127.0.0.1'] })
  await hold(gateway, 5)
  assert.equal((await send(gateway.url, { headers: globexHeaders })).status, 200)
})

describe('of IPv6, where a caller commonly has a whole /64', () => {
  const perAddress = 2

  function connectionOf(remoteAddress: string): Socket {
    return Object.defineProperty(new Socket(), 'remoteAddress', { value: remoteAddress })
  }

  /** Connects from addresses that this machine need not have; gives those that were let in. */
  function letIn(addresses: readonly string[], trustedProxies: readonly string[] = []): string[] {
    const server = createServer()
    const handedOn: (string | undefined)[] = []
    server.on('connection', ({ remoteAddress }) => handedOn.push(remoteAddress))
    const isProxy = compileIpSet(trustedProxies)
    const destroyAll = boundConnections(server, {
      limits: () => ({ total: 100, perAddress, isProxy }),
      onRefused: () => undefined,
    })
    const open = addresses.filter((remoteAddress) => {
      const socket = connectionOf(remoteAddress)
      server.emit('connection', socket)
      return !socket.destroyed
    })
    destroyAll()
    // The server itself has seen each of these once, and none of the others.
    assert.deepEqual(handedOn, open)
    return open
  }

  test('the connections of all its addresses count together, and those of the next one do not', () => {
    const one = ['2001:db8::1', '2001:db8::2:0:0:1', '2001:db8:0:0:ffff::3']
    const next = ['2001:db8:0:1::1', '2001:db8:0:1::2']
    assert.deepEqual(letIn([...one, ...next]), [...one.slice(0, perAddress), ...next])
  })

  test('each connection that is closed leaves room for one', async () => {
    const server = createServer()
    const destroyAll = boundConnections(server, {
      limits: () => ({ total: 100, perAddress, isProxy: () => false }),
      onRefused: () => undefined,
    })
    const [first, second, ...others] = Array.from({ length: 5 }, () => connectionOf('2001:db8::1'))
    const arrive = (socket: Socket | undefined) => {
      server.emit('connection', socket)
      return socket?.destroyed === false
    }
    assert.deepEqual([first, second].map(arrive), [true, true])
    const left = first && once(first, 'close')
    first?.destroy()
    await left
    assert.deepEqual(others.map(arrive), [true, false, false])
    destroyAll()
    assert.equal(second?.destroyed, true)
  })

  test('a trusted proxy is told from its neighbours', () => {
    const proxy = '2001:db8::1'
    const neighbour = '2001:db8::2'
    assert.deepEqual(letIn([proxy, proxy, proxy, neighbour], [proxy]), [proxy, proxy, proxy])
  })

  test('an IPv4 address is the same in the form that a socket of both kinds gives it', () => {
    const both = ['::ffff:192.0.2.1', '192.0.2.1', '::ffff:192.0.2.1', '::ffff:192.0.2.2']
    assert.deepEqual(letIn(both), [both[0], both[1], both[3]])
  })
})
