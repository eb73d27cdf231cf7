import assert from 'node:assert/strict'
import { test } from 'node:test'
import { loopbackTls } from '../support/tls/pem.ts'
import { configFaults } from './config-faults.ts'

const faultsOf = async (gateway: Readonly<Record<string, object>>) => [
  ...(await configFaults({ gateway })),
]

/** HTTPS is required, and a proxy takes it. */
const proxied = { requireHttps: true, trustedProxies: ['192.0.2.1'] }

test('a listener has an address or a name, without brackets, zone, scheme and port', async () => {
  const pointersOf = async (host: string) =>
    (await faultsOf({ listen: { host, port: 0, ...proxied }, admin: { host, port: 0 } })).map(
      ([pointer]) => pointer,
    )
  // The name of a container is mostly hexadecimal.
  const names = ['localhost', 'my_gateway', 'a-1.b2.test', '4c01db0b339c', 'gateway.2nd']
  for (const host of ['0.0.0.0', '::', '2001:db8::1', ...names]) {
    assert.deepEqual(await pointersOf(host), [], host)
  }
  const numbers = ['10.0.0.300', '8080', '127.1', '0x7f']
  const wrong = ['0.0.0.0:8080', '[::]', 'http://gateway', 'fe80::1%eth0', 'a ', '*', ...numbers]
  for (const host of wrong) {
    assert.deepEqual(await pointersOf(host), ['/listen/host', '/admin/host'], host)
  }
})

test('a listener that requires HTTPS can get it, by itself or from a proxy', async () => {
  const listen = { host: '0.0.0.0', port: 0, requireHttps: true }
  assert.deepEqual(await faultsOf({ listen: { ...listen, ...proxied } }), [])
  assert.deepEqual(await faultsOf({ listen: { ...listen, tls: loopbackTls } }), [])
  assert.deepEqual(await faultsOf({ listen }), [
    [
      '/listen',
      'a way for requests to arrive over TLS: tls, or trustedProxies in front; or requireHttps: false on a loopback address',
    ],
  ])
})

test('only a listener that nobody else can reach may do without HTTPS', async () => {
  const pointersOf = async (host: string) =>
    (await faultsOf({ listen: { host, port: 0, requireHttps: false } })).map(([pointer]) => pointer)
  for (const host of ['127.0.0.1', '127.8.9.1', '::1', 'localhost']) {
    assert.deepEqual(await pointersOf(host), [], host)
  }
  for (const host of ['0.0.0.0', '::', '10.0.0.1', 'gateway']) {
    assert.deepEqual(await pointersOf(host), ['/listen/requireHttps'], host)
  }
})

test('the two listeners have different ports where one has the address of the other', async () => {
  const pointersOf = async (host: string, adminHost: string, adminPort = 8080) => {
    const listen = { host, port: 8080, ...proxied }
    const faults = await faultsOf({ listen, admin: { host: adminHost, port: adminPort } })
    return faults.map(([pointer]) => pointer)
  }
  for (const [host, adminHost] of [
    ['127.0.0.1', '127.0.0.1'],
    ['0.0.0.0', '127.0.0.1'],
    ['127.0.0.1', '0.0.0.0'],
    ['::', '127.0.0.1'],
    ['::1', '::'],
    ['2001:db8::1', '2001:DB8:0::1'],
    ['gateway', 'gateway'],
  ] as const) {
    assert.deepEqual(await pointersOf(host, adminHost), ['/admin/port'], `${host} ${adminHost}`)
    assert.deepEqual(await pointersOf(host, adminHost, 9090), [])
  }
  for (const [host, adminHost] of [
    ['127.0.0.1', '127.0.0.2'],
    ['0.0.0.0', '::1'],
    ['127.0.0.1', '::1'],
  ] as const) {
    assert.deepEqual(await pointersOf(host, adminHost), [], `${host} ${adminHost}`)
  }
})
