import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gatewaySettings, globex, testEnv } from '../support/gateway.ts'
import { signingEnv } from '../support/signing-integrations.ts'
import { pemFile } from '../support/tls/pem.ts'
import { faultTextOf } from './config-faults.ts'

test('a wrong spelling hides no fault between other settings, and makes up none', async () => {
  const { listen, ...settings } = gatewaySettings({ magentoUrl: 'http://127.0.0.1:1' }, 'a.jsonl')
  const text = await faultTextOf({
    gateway: {
      ...settings,
      listen: { ...listen, host: '0.0.0.0', hostName: 'shop', trustedProxies: ['nobody'] },
      shutdown: { noticeMs: 'short', deadlineMs: 1 },
      audit: { file: 5, rotate: { sizeMiB: 1, keep: 3 } },
      limits: { bodyBytes: 2_097_152, bodyMemoryMiB: 1 },
    },
    integrations: {
      a: {
        ...globex,
        credentials: { tokn: 'env:GLOBEX_TOKEN', replay: {} },
        policies: {
          routes: ['GET /V1/products/:sku', 'GTE /V1/products', 'POST /V1/products'],
          deprecations: {
            'POST /V1/products': { since: '2027-03-31', sunset: '2027-03-30' },
            'PUT /V1/products/:sku': { since: '2027-03-31' },
          },
          requestSchema: { 'POST /V1/products': 5 },
        },
      },
    },
  })
  assert.deepEqual(
    [...text.matchAll(/^(\S+):\d+ (.+): expected /gm)].map(([, file, place]) => `${file} ${place}`),
    [
      'gateway.yaml /listen/hostName',
      'gateway.yaml /listen/trustedProxies/0',
      'gateway.yaml /audit/file',
      'gateway.yaml /shutdown/noticeMs',
      'gateway.yaml /listen/requireHttps',
      'gateway.yaml /limits/bodyMemoryMiB',
      'integrations/a.yaml /credentials/tokn',
      'integrations/a.yaml /policies/routes/1',
      'integrations/a.yaml /policies/requestSchema/POST ~1V1~1products',
      'integrations/a.yaml /policies/deprecations/POST ~1V1~1products/sunset',
    ],
  )
})

test('a section that has to be left out as a whole hides no fault of others', async () => {
  const { policies } = globex
  const deprecations = { 'POST /V1/products': { since: '2027-03-31', sunset: '2027-03-30' } }
  const secret = { id: 'k1', value: 'written-in-plain-0123456789' }
  for (const [signature, ...places] of [
    [{ scheme: 'canonical', secrets: [secret] }, 'secrets/0/value'],
    [{ scheme: 'canonical', secrets: ['k0', secret] }, 'secrets/0', 'secrets/1/value'],
    [{ scheme: 'canonic', secrets: [{ ...secret, value: 'env:GLOBEX_TOKEN' }] }, 'scheme'],
  ] as const) {
    const integration = {
      ...globex,
      credentials: { ...globex.credentials, signature },
      policies: { ...policies, deprecations },
    }
    const gateway = { limits: { bodyMemoryMiB: 1, bodyBytes: 2_097_152 } }
    const lacking = { ...gateway, audit: { file: 'a', rotate: { sizeMiB: 1 } } }
    assert.deepEqual(await placesOf(lacking, integration), [
      ...places.map((place) => `a /credentials/signature/${place}`),
      'a /policies/deprecations/POST ~1V1~1products/sunset',
      'gateway /audit/rotate/keep',
      'gateway /limits/bodyMemoryMiB',
    ])
  }
})

/** Needs a public URL, a place for jobs and the schema of the shop, and can be called by those with a certificate. */
const demanding = {
  name: 'demanding',
  credentials: {
    clientCertificate: { subject: { CN: 'demanding' } },
    signature: {
      scheme: 'rfc9421',
      keys: [{ id: 'a-1', algorithm: 'hmac-sha256', secret: 'env:MESSAGE_SECRET' }],
    },
  },
  upstream: { bearer: 'env:MAGENTO_TOKEN' },
  policies: {
    routes: ['POST /V1/products'],
    jobs: { 'POST /V1/products': { mode: 'always' } },
    magentoSchema: { mode: 'enforce' },
  },
}

/** Where the faults of files are that fit together badly, and of which each may have faults of its own. */
async function placesOf(gateway: object, integration: object): Promise<string[]> {
  const settings = gatewaySettings({ magentoUrl: 'http://127.0.0.1:1' }, 'a.jsonl')
  const files = { gateway: { ...settings, ...gateway }, integrations: { a: integration } }
  const text = await faultTextOf(files, { ...testEnv, ...signingEnv })
  const faults = text.matchAll(/^(?:integrations\/)?(\w+)\.yaml(?::\d+)? (.+?): expected /gm)
  return [...faults].map(([, file, place]) => `${file} ${place}`).sort()
}

test('faults of single files hide none between files', async () => {
  const tls = { certFile: pemFile('loopback.cert'), keyFile: pemFile('client.key') }
  const listen = { host: '127.0.0.1', port: 0, tls, requireHttps: true }
  const between = [
    'a /credentials/clientCertificate/subject',
    'a /policies/magentoSchema',
    'gateway /jobs',
    'gateway /listen/publicUrl',
    'gateway /listen/tls',
  ]
  assert.deepEqual(await placesOf({ listen }, demanding), between)
  const gateway = { listen, shutdown: { noticeMs: 'short' }, audit: { file: 'a', stdOut: true } }
  const { credentials, policies } = demanding
  const integration = {
    ...demanding,
    credentials: { ...credentials, token: 'env:NOWHERE' },
    policies: { ...policies, rateLimit: { rate: 'fast' } },
  }
  const within = [
    'a /credentials/token',
    'a /policies/rateLimit/rate',
    'gateway /audit/stdOut',
    'gateway /shutdown/noticeMs',
  ]
  assert.deepEqual(await placesOf(gateway, integration), [...within, ...between].sort())
})

test('what only follows from a fault of one file is none of another', async () => {
  const { policies } = demanding
  const gateway = {
    listen: { host: '127.0.0.1', port: 0, requireHttps: false, publicURL: 'https://a.example' },
    job: { file: 'jobs.sqlite' },
  }
  const integration = {
    ...demanding,
    policies: { ...policies, magentoSchema: { mode: 'none' }, endpoint: 'forward' },
  }
  assert.deepEqual(await placesOf(gateway, integration), [
    'a /policies/endpoint',
    'a /policies/magentoSchema/mode',
    'gateway /job',
    'gateway /listen/publicURL',
  ])
  const unreadable = { certFile: 'no.pem', keyFile: pemFile('loopback.key') }
  const listen = { ...gateway.listen, publicURL: undefined, tls: unreadable }
  assert.ok(!(await placesOf({ listen }, globex)).includes('gateway /listen/tls'))
  const store = { cluster: { nodes: ['a:1'], tls: true }, clientCertificate: unreadable }
  assert.deepEqual(await placesOf({ store }, globex), ['gateway /store/clientCertificate/certFile'])
})
