import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { testEnv } from '../support/gateway.ts'
import { temporaryFolder } from '../support/shared.ts'
import { pem, pemFile } from '../support/tls/pem.ts'
import { configFaults } from './config-faults.ts'

const folder = await temporaryFolder()

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
  const blank = join(folder, 'blank.pem')
  await writeFile(blank, '\n')
  for (const file of [pemFile('loopback.key'), broken, half, blank]) {
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
