import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { testEnv } from '../support/gateway.ts'
import { temporaryFolder } from '../support/shared.ts'
import { loopbackTls, pem, pemFile } from '../support/tls/pem.ts'
import { configFaults } from './config-faults.ts'

const folder = await temporaryFolder()

const keyFile = join(folder, 'key.pem')
const { privateKey } = generateKeyPairSync('ed25519')
await writeFile(keyFile, privateKey.export({ type: 'pkcs8', format: 'pem' }))
const key = `file:${keyFile}`

const faultsOf = async (gateway: Readonly<Record<string, object>>) => [
  ...(await configFaults({ gateway })),
]

test('no two things that the gateway writes share a file, however its path is written', async () => {
  const trail = '/var/lib/magegate/audit.jsonl'
  const checkpoints = (file: string) => ({ key, copyTo: { file } })
  const faults = [
    await faultsOf({ audit: { file: trail }, jobs: { file: '/var/lib/magegate/./audit.jsonl' } }),
    await faultsOf({ audit: { file: 'a' }, jobs: { file: join(process.cwd(), 'a') } }),
    await faultsOf({ audit: { file: trail, checkpoints: checkpoints(trail) } }),
    await faultsOf({ audit: { file: trail, checkpoints: checkpoints(`${trail}.checkpoints`) } }),
    await faultsOf({
      audit: { file: trail, checkpoints: checkpoints('/mnt/copy') },
      jobs: { file: '/mnt/copy' },
    }),
  ]
  assert.deepEqual(faults, [
    [['/jobs/file', 'another file than that of /audit/file']],
    [['/jobs/file', 'another file than that of /audit/file']],
    [['/audit/checkpoints/copyTo/file', 'another file than that of /audit/file']],
    [['/audit/checkpoints/copyTo/file', 'another file than that of /audit/checkpoints']],
    [['/jobs/file', 'another file than that of /audit/checkpoints/copyTo/file']],
  ])
  const apart = {
    audit: { file: trail, checkpoints: checkpoints('/mnt/copy') },
    jobs: { file: 'j' },
  }
  assert.deepEqual(await faultsOf(apart), [])
})

test('a file to write is a path, and no reference as a secret is', async () => {
  const expected = 'a path; only secrets are references'
  const faults = await faultsOf({ audit: { file: 'env:TRAIL' }, jobs: { file: 'file:jobs' } })
  assert.deepEqual(faults, [
    ['/audit/file', expected],
    ['/jobs/file', expected],
  ])
})

test('a file to write is not a path that no file can have', async () => {
  const expected = 'the path of a file, without a NUL character'
  for (const file of ['var/\0audit', '\0', '/', '.', 'var/..', 'var/audit/']) {
    const copies = { audit: { file: 'a', checkpoints: { key, copyTo: { file } } } }
    for (const [pointer, gateway] of [
      ['/audit/file', { audit: { file } }],
      ['/audit/checkpoints/copyTo/file', copies],
      ['/jobs/file', { jobs: { file } }],
    ] as const) {
      assert.deepEqual(await faultsOf(gateway), [[pointer, expected]], JSON.stringify(file))
    }
  }
})

test('a file to write has a name to which the time of a rotation can be appended', async () => {
  const audit = (length: number) => ({ file: `/var/${'ü'.repeat(length / 2)}` })
  const jobs = (length: number) => ({ file: `${'j'.repeat(100)}/${'j'.repeat(length)}` })
  const checkpoints = { key }
  assert.deepEqual(await faultsOf({ audit: { ...audit(200), checkpoints }, jobs: jobs(200) }), [])
  const expected = 'a name of at most 200 bytes, to which others are appended'
  assert.deepEqual(await faultsOf({ audit: audit(202), jobs: jobs(201) }), [
    ['/audit/file', expected],
    ['/jobs/file', expected],
  ])
})

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

test('an empty name of a file is refused, since it would mean another place', async () => {
  const pointers = async (gateway: Readonly<Record<string, object>>) =>
    (await faultsOf(gateway)).map(([pointer]) => pointer)
  assert.deepEqual(await pointers({ listen: { host: '' } }), ['/listen/host'])
  assert.deepEqual(await pointers({ admin: { host: '', port: 9090 } }), ['/admin/host'])
  assert.deepEqual(await pointers({ audit: { file: '' } }), ['/audit/file'])
  const copies = { audit: { checkpoints: { key, copyTo: { file: '' } } } }
  assert.deepEqual(await pointers(copies), ['/audit/checkpoints/copyTo/file'])
  const sentinel = { store: { sentinel: { primary: '', nodes: ['redis:26379'] } } }
  assert.deepEqual(await pointers(sentinel), ['/store/sentinel/primary'])
})

test('a port out of range is refused for a node of Redis', async () => {
  const faults = await faultsOf({ store: { cluster: { nodes: ['redis:65535', 'redis:65536'] } } })
  const expected = 'a host and a port, such as 10.0.0.5:26379'
  assert.deepEqual(faults, [['/store/cluster/nodes/1', expected]])
})

test('a database of Redis must be a number', async () => {
  const expected =
    'a reference to a redis:// or rediss:// URL, with the number of a database or none'
  const faultOf = async (path: string) => {
    const env = { ...testEnv, REDIS: `redis://:a-password-of-it@127.0.0.1:1${path}` }
    return (await configFaults({ gateway: { store: { redis: 'env:REDIS' } }, env })).get(
      '/store/redis',
    )
  }
  assert.equal(await faultOf('/shop'), expected)
  assert.equal(await faultOf('/1/2'), expected)
  for (const path of ['', '/', '/15']) assert.equal(await faultOf(path), undefined, path)
})

test('a URL of Redis is refused in a spelling with which no TLS would be used', async () => {
  const refused = [
    'REDISS://redis',
    'rediss:redis',
    ' rediss://redis',
    'rediss:/redis',
    'redis://[',
  ]
  for (const url of ['rediss://redis', ...refused]) {
    const copyTo = { redis: { url: 'env:REDIS', stream: 's' } }
    const gateway = { store: { redis: 'env:REDIS' }, audit: { checkpoints: { key, copyTo } } }
    const faults = await configFaults({ gateway, env: { ...testEnv, REDIS: url } })
    const both = ['/store/redis', '/audit/checkpoints/copyTo/redis/url']
    assert.deepEqual([...faults.keys()], refused.includes(url) ? both : [], url)
  }
})

test('the URL of a service that has no password may be as short as its name', async () => {
  const env = { ...testEnv, REDIS: 'redis://redis', AMQP: 'amqp://mq', RECEIVER: 'http://audit' }
  const copyTo = { url: 'env:RECEIVER', redis: { url: 'env:REDIS', stream: 's' } }
  const gateway = {
    store: { redis: 'env:REDIS' },
    jobs: { rabbitmq: 'env:AMQP' },
    audit: { checkpoints: { key, copyTo } },
  }
  assert.deepEqual([...(await configFaults({ gateway, env }))], [])
})

test('copies of checkpoints need a URL of their kind, which no fault repeats', async () => {
  const copyTo = { url: 'env:WRONG', redis: { url: 'env:WRONG', stream: 'checkpoints' } }
  const gateway = { audit: { checkpoints: { key, copyTo } } }
  const at = '/audit/checkpoints/copyTo'
  for (const WRONG of [testEnv.ACME_TOKEN, 'ftp://audit.example']) {
    assert.deepEqual(
      [...(await configFaults({ gateway, env: { ...testEnv, WRONG } }))],
      [
        [
          `${at}/redis/url`,
          'a reference to a redis:// or rediss:// URL, with the number of a database or none',
        ],
        [`${at}/url`, 'a reference to a http:// or https:// URL'],
      ],
    )
  }
})

test('a file of authorities has certificates in it, and each of them can be read', async () => {
  const broken = join(folder, 'broken.pem')
  await writeFile(
    broken,
    '-----BEGIN CERTIFICATE-----\nbm8gY2VydGlmaWNhdGU=\n-----END CERTIFICATE-----\n',
  )
  const faultOf = async (caFile: string) =>
    (await configFaults({ gateway: { magento: { caFile } } })).get('/magento/caFile')
  assert.equal(await faultOf(pemFile('ca.cert')), undefined)
  const half = join(folder, 'half.pem')
  await writeFile(half, pem('ca.cert') + pem('elsewhere.cert').slice(0, 300))
  const empty = join(folder, 'empty.pem')
  await writeFile(empty, '')
  for (const file of [pemFile('loopback.key'), broken, half, empty]) {
    assert.equal(await faultOf(file), `certificates in PEM in ${file}`)
  }
})

test('certificates for Redis are refused where it is not reached by TLS, or where they have another key', async () => {
  const env = { ...testEnv, PLAIN: 'redis://redis', TLS: 'rediss://redis' }
  const pointersWith = async (place: object, certificate = 'client.cert') => {
    const clientCertificate = { certFile: pemFile(certificate), keyFile: pemFile('client.key') }
    const store = { ...place, caFile: pemFile('ca.cert'), clientCertificate }
    return [...(await configFaults({ gateway: { store }, env })).keys()]
  }
  const nodes = ['redis:6379']
  const both = ['/store/caFile', '/store/clientCertificate']
  assert.deepEqual(await pointersWith({ redis: 'env:PLAIN' }), both)
  assert.deepEqual(await pointersWith({ cluster: { nodes } }), both)
  assert.deepEqual(await pointersWith({ redis: 'env:TLS' }), [])
  assert.deepEqual(await pointersWith({ cluster: { nodes, tls: true } }), [])
  for (const tls of [{ tls: true }, { sentinelTls: true }]) {
    assert.deepEqual(await pointersWith({ sentinel: { primary: 'p', nodes, ...tls } }), [])
  }
  const otherKey = await pointersWith({ redis: 'env:TLS' }, 'ca.cert')
  assert.deepEqual(otherKey, ['/store/clientCertificate'])
})
