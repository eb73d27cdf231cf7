import assert from 'node:assert/strict'
import { createHash, X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { Agent, request as httpsRequest } from 'node:https'
import { connect, type Socket } from 'node:net'
import { afterEach, describe, test } from 'node:test'
import { globex, quietAddresses } from '../support/gateway.ts'
import { startHeldUpstream } from '../support/held-upstream.ts'
import { globexHeaders, send } from '../support/http-client.ts'
import { startMagento } from '../support/magento-for-tests.ts'
import { type ReloadableGateway, startReloadable } from '../support/reloadable-gateway.ts'
import { shared } from '../support/shared.ts'
import { loopbackTls, pem, pemFile } from '../support/tls/pem.ts'

const magento = await shared(startMagento())

describe('a reload takes over bounds of connections', () => {
  let sockets: Socket[] = []
  afterEach(() => {
    for (const socket of sockets) socket.destroy()
    sockets = []
  })

  function open({ url }: ReloadableGateway, localAddress = '127.0.0.1'): Socket {
    const { hostname, port } = new URL(url)
    const socket = connect({ host: hostname, port: Number(port), localAddress })
    sockets.push(socket)
    return socket.on('error', () => undefined)
  }

  /** Sends a request on a connection, and resolves when it has an answer. */
  async function isAnswered(socket: Socket): Promise<void> {
    socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    await once(socket, 'data')
  }

  async function hold(gateway: ReloadableGateway, address?: string): Promise<Socket> {
    const socket = open(gateway, address)
    await isAnswered(socket)
    return socket
  }

  /** Fails where the gateway keeps a further connection. */
  async function isRefused(gateway: ReloadableGateway, address?: string): Promise<void> {
    const socket = open(gateway, address).resume()
    await once(socket, 'close')
    assert.equal(socket.bytesRead, 0)
  }

  const start = (total: number, perAddress: number) =>
    startReloadable({
      magentoUrl: magento.url,
      integrations: [globex],
      gateway: bounds(total, perAddress),
    })
  const bounds = (total: number, perAddress: number, trustedProxies: string[] = []) => ({
    listen: { maxConnections: total, trustedProxies },
    limits: { perAddress: { ...quietAddresses, connections: perAddress } },
  })

  async function reload(gateway: ReloadableGateway, ...to: Parameters<typeof bounds>) {
    await gateway.writeSettings(bounds(...to))
    assert.equal((await gateway.reload()).status, 200)
  }

  test('of an address: a wider one lets more in, a narrower one no more, and whoever is there stays', async () => {
    await using gateway = await start(100, 2)
    const held = [await hold(gateway), await hold(gateway)]
    await isRefused(gateway)
    await reload(gateway, 100, 3)
    held.push(await hold(gateway))
    await isRefused(gateway)
    await reload(gateway, 100, 1)
    await isRefused(gateway)
    for (const socket of held) await isAnswered(socket)
    await hold(gateway, '127.0.0.2')
  })

  test('of all together, counting those that came before', async () => {
    await using gateway = await start(100, 100)
    const held = [await hold(gateway), await hold(gateway, '127.0.0.2')]
    await reload(gateway, 2, 100)
    await isRefused(gateway, '127.0.0.3')
    for (const socket of held) await isAnswered(socket)
    await reload(gateway, 3, 100)
    await hold(gateway, '127.0.0.3')
    await isRefused(gateway)
  })

  test('of proxies that are trusted from then on, or no longer', async () => {
    await using gateway = await start(100, 1)
    await hold(gateway)
    await isRefused(gateway)
    await reload(gateway, 100, 1, ['127.0.0.1'])
    const held = [await hold(gateway), await hold(gateway)]
    await reload(gateway, 100, 1)
    await isRefused(gateway)
    for (const socket of held) await isAnswered(socket)
  })
})

test('a reload takes over how much memory the bodies of requests may take', async () => {
  await using upstream = await startHeldUpstream()
  const memory = (bodyMemoryMiB: number) => ({ limits: { bodyMemoryMiB } })
  await using gateway = await startReloadable({
    magentoUrl: upstream.url,
    integrations: [globex],
    gateway: memory(1),
  })
  const body = JSON.stringify({ product: { sku: 'x'.repeat(600_000) } })
  const headers = { ...globexHeaders, 'Content-Type': 'application/json' }
  const write = () =>
    send(gateway.url, { method: 'POST', path: '/rest/V1/products', headers, body })
  const first = write()
  const held = [await upstream.next()]
  assert.equal((await write()).status, 503)
  await gateway.writeSettings(memory(2))
  assert.equal((await gateway.reload()).status, 200)
  const second = write()
  const next = await Promise.race([upstream.next(), second])
  assert.ok('answer' in next)
  for (const { answer } of [...held, next]) answer()
  assert.deepEqual([(await first).status, (await second).status], [200, 200])
})

function pinOf(name: string): string {
  const { publicKey } = new X509Certificate(pem(`${name}.cert`))
  return createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest('hex')
}

const pinned = (name: string, certificate = name) => ({
  name,
  credentials: { clientCertificate: { spkiSha256: [pinOf(certificate)] } },
  upstream: { bearer: 'env:MAGENTO_TOKEN' },
  policies: { routes: ['GET /V1/products/:sku'] },
})

describe('a reload takes over who forwards client certificates', () => {
  const behind = (trustedProxies: string[], clientCertificateHeader: string) => ({
    listen: { trustedProxies, clientCertificateHeader },
  })
  const rfc9440 = `:${new X509Certificate(pem('client.cert')).raw.toString('base64')}:`
  const forwarded = {
    'Client-Cert': rfc9440,
    'X-SSL-Client-Cert': encodeURIComponent(pem('client.cert').toString()),
  }

  test('in which header, and for the first integration that has one', async () => {
    await using gateway = await startReloadable({
      magentoUrl: magento.url,
      integrations: [globex],
      gateway: behind(['127.0.0.1'], 'X-Client-Cert'),
    })
    await gateway.writeIntegration(pinned('client'))
    const statuses = async () => {
      const found: number[] = []
      for (const [name, value] of Object.entries(forwarded)) {
        found.push((await send(gateway.url, { headers: { [name]: value } })).status)
      }
      return found
    }
    const reload = async (...to: Parameters<typeof behind>) => {
      await gateway.writeSettings(behind(...to))
      assert.equal((await gateway.reload()).status, 200)
      return statuses()
    }
    assert.deepEqual(await statuses(), [401, 401])
    assert.deepEqual(await reload(['127.0.0.1'], 'Client-Cert'), [200, 401])
    const names = magento.received.at(-1)?.rawHeaders.map((name) => name.toLowerCase())
    assert.ok(!names?.includes('client-cert'))
    assert.deepEqual(await reload(['127.0.0.1'], 'X-SSL-Client-Cert'), [401, 200])
    assert.deepEqual(await reload(['192.0.2.1'], 'X-SSL-Client-Cert'), [401, 401])
  })
})

describe('with TLS at the gateway a reload', () => {
  const start = (integration: { readonly name: string }) =>
    startReloadable({
      magentoUrl: magento.url,
      integrations: [globex, integration],
      gateway: { listen: { requireHttps: true, tls: loopbackTls } },
    })

  /** Of a request with a client certificate, on a connection that is kept where an agent keeps it. */
  async function statusFor({ url }: ReloadableGateway, client: string, agent = new Agent()) {
    const request = httpsRequest(`${url}/rest/V1/products/24-MB01`, {
      ca: pem('loopback.cert'),
      cert: pem(`${client}.cert`),
      key: pem(`${client}.key`),
      agent,
    })
    request.end()
    const [response] = await once(request, 'response')
    response.resume()
    await once(response, 'end')
    return { status: response.statusCode as number, isKept: request.reusedSocket }
  }

  test('takes over which certificates are pinned, on connections that stand too', async () => {
    await using gateway = await start(pinned('client'))
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    assert.deepEqual(await statusFor(gateway, 'client', agent), { status: 200, isKept: false })
    assert.equal((await statusFor(gateway, 'impostor')).status, 401)
    await gateway.writeIntegration(pinned('client', 'impostor'))
    assert.equal((await gateway.reload()).status, 200)
    assert.deepEqual(await statusFor(gateway, 'client', agent), { status: 401, isKept: true })
    assert.equal((await statusFor(gateway, 'impostor')).status, 200)
    await gateway.writeIntegration(pinned('other', 'client'))
    assert.equal((await gateway.reload()).status, 200)
    assert.deepEqual(await statusFor(gateway, 'client', agent), { status: 200, isKept: true })
    // The listener goes on to ask for certificates while no integration has one.
    for (const name of ['client', 'other']) await gateway.removeIntegration(name)
    assert.equal((await gateway.reload()).status, 200)
    assert.deepEqual(await statusFor(gateway, 'client', agent), { status: 401, isKept: true })
    await gateway.writeIntegration(pinned('client'))
    assert.equal((await gateway.reload()).status, 200)
    assert.deepEqual(await statusFor(gateway, 'client', agent), { status: 200, isKept: true })
    agent.destroy()
  })

  test('refuses the first certificate of a caller, for which the listener never asked', async () => {
    await using gateway = await start(globex)
    await gateway.writeIntegration(pinned('client'))
    const { status, outcome } = await gateway.reload()
    assert.equal(status, 422)
    assert.deepEqual(outcome, {
      status: 'refused',
      faults: [
        {
          file: 'integration client',
          pointer: '/credentials/clientCertificate',
          expected:
            'none: the listener was started without asking callers for one, which needs a restart',
        },
      ],
    })
    assert.equal((await statusFor(gateway, 'client')).status, 401)
  })

  test('refuses another authority for certificates of callers', async () => {
    await using gateway = await start(pinned('client'))
    await gateway.writeSettings({
      listen: { requireHttps: true, tls: { ...loopbackTls, clientCaFile: pemFile('ca.cert') } },
    })
    const { status, outcome } = await gateway.reload()
    assert.equal(status, 422)
    assert.match(JSON.stringify(outcome), /"pointer":"\/listen\/tls[^"]*"/)
    assert.equal((await statusFor(gateway, 'client')).status, 200)
  })
})
