import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { describe, test } from 'node:test'
import { globex, testEnv } from '../support/gateway.ts'
import { pemFile } from '../support/tls/pem.ts'
import { type ConfigChanges, configFaults } from './config-faults.ts'

function privatePem(type: 'ed25519' | 'x25519'): string {
  const { privateKey } =
    type === 'ed25519' ? generateKeyPairSync('ed25519') : generateKeyPairSync('x25519')
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
}

const env = {
  ...testEnv,
  REDIS: 'redis://redis:6379',
  ED25519: privatePem('ed25519'),
  X25519: privatePem('x25519'),
  BASE32: 'JBSWY3DPEHPK3PXP',
  LONG: 'x'.repeat(32),
}
const nodes = ['redis:6379']
const routes = ['GET /V1/products/:sku', 'POST /V1/products']
const secret = { id: 'k1', value: 'env:ACME_HMAC_SECRET' }
const oauth1Key = (id: string, consumerKey: string, accessToken = 'env:ACME_TOKEN') => ({
  id,
  consumerKey,
  consumerSecret: 'env:ACME_TOKEN',
  accessToken,
  accessTokenSecret: 'env:ACME_TOKEN',
})
const signing = (signature: object) => ({ integration: { credentials: { signature } } })
const administrator = (totpSecret: string) => ({
  integration: {
    upstream: {
      adminToken: { username: 'env:ACME_TOKEN', password: 'env:ACME_TOKEN', totpSecret },
    },
  },
})
const detailed = (skus: string[]) => ({
  integration: { policies: { routes, auditDetails: { 'GET /V1/products/:sku': { skus } } } },
})
const reporting = (...reportOnly: string[]) => ({ integration: { ...globex, reportOnly } })
const oauth1 = {
  consumerKey: 'env:LONG',
  consumerSecret: 'env:LONG',
  accessToken: 'env:LONG',
  accessTokenSecret: 'env:LONG',
}
const formType = 'application/x-www-form-urlencoded'
const form = (upstream: object) => ({
  integration: {
    upstream,
    policies: { routes, jsonBody: { otherTypes: { 'POST /V1/products': [formType] } } },
  },
})
const deprecated = (sunset: string) => ({
  integration: {
    policies: { routes, deprecations: { 'POST /V1/products': { since: '2027-03-31', sunset } } },
  },
})
const jobs = { file: 'var/jobs.sqlite' }
const deferring = (rule: object, more: object = {}) => ({
  gateway: { jobs },
  integration: { ...more, policies: { routes, jobs: { 'POST /V1/products': rule } } },
})
const signedForMagento = (secretOf: string) => ({
  gateway: {
    magento: { upstreamSignature: { scheme: 'rfc9421', keyId: 'k', secret: secretOf } },
  },
})
const certified = (keyOf: string) => ({
  gateway: {
    listen: {
      tls: { certFile: pemFile('loopback.cert'), keyFile: pemFile(`${keyOf}.key`) },
    },
  },
})
const pinned = (clientCertificate: object) => ({
  ...certified('loopback'),
  integration: { credentials: { clientCertificate } },
})
const searching = (searchCriteria: object) => ({
  integration: { policies: { routes, searchCriteria } },
})
const validating = (modes: object) => ({
  integration: { policies: { routes, magentoSchema: { mode: 'off', routes: modes } } },
})
const bodyReaders = ['known-attacks', 'sensitive-routes', 'magento-schema', 'request-schema']

/** What is wrong, beside what is right in its place. */
const cases: readonly {
  readonly what: string
  readonly at: string
  readonly wrong: ConfigChanges
  readonly right: ConfigChanges
}[] = [
  {
    what: 'two Redis, since only one would be used',
    at: '/store',
    wrong: { gateway: { store: { redis: 'env:REDIS', cluster: { nodes } } } },
    right: { gateway: { store: { cluster: { nodes } } } },
  },
  {
    what: 'less memory for bodies than one of them may take',
    at: '/limits/bodyMemoryMiB',
    wrong: { gateway: { limits: { bodyBytes: 2_097_153, bodyMemoryMiB: 2 } } },
    right: { gateway: { limits: { bodyBytes: 2_097_152, bodyMemoryMiB: 2 } } },
  },
  {
    what: 'a certificate beside the key of another one',
    at: '/listen/tls',
    wrong: certified('elsewhere'),
    right: certified('loopback'),
  },
  {
    what: 'a key that cannot sign for Magento',
    at: '/magento/upstreamSignature/secret',
    wrong: signedForMagento('env:X25519'),
    right: signedForMagento('env:ED25519'),
  },
  {
    what: 'jobs in order of a variable that the route does not have',
    at: '/policies/jobs/POST ~1V1~1products/inOrderOf/0',
    wrong: deferring({ inOrderOf: [':sku'] }),
    right: deferring({ inOrderOf: ['/product/sku'] }),
  },
  {
    what: 'jobs of every request where Magento wants the credential of its caller, which is not kept',
    at: '/policies/jobs/POST ~1V1~1products/mode',
    wrong: deferring({ mode: 'always' }, { upstream: { passthrough: true } }),
    right: deferring({ mode: 'asked' }, { upstream: { passthrough: true } }),
  },
  {
    what: 'a form that is to be signed for Magento',
    at: '/policies/jsonBody/otherTypes/POST ~1V1~1products/0',
    wrong: form({ oauth1 }),
    right: form({ bearer: 'env:LONG' }),
  },
  {
    what: 'a route that is gone before it is deprecated',
    at: '/policies/deprecations/POST ~1V1~1products/sunset',
    wrong: deprecated('2027-03-30'),
    right: deprecated('2027-03-31'),
  },
  {
    what: 'a first penalty that is longer than the longest',
    at: '/limits/perAddress/refusals/longestPenaltyMs',
    wrong: { gateway: { limits: { perAddress: { refusals: { penaltyMs: 300_001 } } } } },
    right: { gateway: { limits: { perAddress: { refusals: { penaltyMs: 300_000 } } } } },
  },
  {
    what: 'a deadline for stopping that the notice uses up',
    at: '/shutdown/deadlineMs',
    wrong: { gateway: { shutdown: { noticeMs: 5_000, deadlineMs: 5_000 } } },
    right: { gateway: { shutdown: { noticeMs: 5_000, deadlineMs: 5_001 } } },
  },
  {
    what: 'rotation without a file',
    at: '/audit/rotate',
    wrong: {
      gateway: { audit: { file: undefined, stdout: true, rotate: { sizeMiB: 1, keep: 1 } } },
    },
    right: { gateway: { audit: { file: undefined, stdout: true } } },
  },
  {
    what: 'checkpoints without a file',
    at: '/audit/checkpoints',
    wrong: {
      gateway: { audit: { file: undefined, stdout: true, checkpoints: { key: 'env:ED25519' } } },
    },
    right: { gateway: { audit: { checkpoints: { key: 'env:ED25519' } } } },
  },
  {
    what: 'a key for checkpoints that cannot sign',
    at: '/audit/checkpoints/key',
    wrong: { gateway: { audit: { checkpoints: { key: 'env:X25519' } } } },
    right: { gateway: { audit: { checkpoints: { key: 'env:ED25519' } } } },
  },
  {
    what: 'an audit trail that is written nowhere',
    at: '/audit',
    wrong: { gateway: { audit: { file: undefined, stdout: false } } },
    right: { gateway: { audit: { file: undefined, stdout: true } } },
  },
  {
    what: 'a signature over the body alone without an allowlist of addresses',
    at: '/policies/ipAllowlist',
    wrong: signing({ scheme: 'body', secrets: [secret] }),
    right: signing({ scheme: 'canonical', secrets: [secret] }),
  },
  {
    what: 'an integration that nobody is authenticated for',
    at: '/credentials',
    wrong: { integration: { credentials: { replay: {} } } },
    right: { integration: { credentials: { token: 'env:GLOBEX_TOKEN', replay: {} } } },
  },
  {
    what: 'a certificate by its key and by its subject, of which one would be ignored',
    at: '/credentials/clientCertificate',
    wrong: pinned({ spkiSha256: ['0'.repeat(64)], subject: { CN: 'globex' } }),
    right: pinned({ spkiSha256: ['0'.repeat(64)] }),
  },
  ...[{ bearer: 'env:MAGENTO_TOKEN', passthrough: true }, {}].map((upstream) => ({
    what: `${Object.keys(upstream).length} ways towards Magento`,
    at: '/upstream',
    wrong: { integration: { upstream } },
    right: { integration: { upstream: { passthrough: true } } },
  })),
  {
    what: 'a second factor that is not base32',
    at: '/upstream/adminToken/totpSecret',
    wrong: administrator('env:ACME_TOKEN'),
    right: administrator('env:BASE32'),
  },
  {
    what: 'two secrets with one id, which the audit could not tell apart',
    at: '/credentials/signature/secrets',
    wrong: signing({ scheme: 'canonical', secrets: [secret, secret] }),
    right: signing({ scheme: 'canonical', secrets: [secret, { ...secret, id: 'k2' }] }),
  },
  {
    what: 'two OAuth keys with one id',
    at: '/credentials/signature/keys',
    wrong: signing({
      scheme: 'oauth1',
      keys: [oauth1Key('k1', 'env:ACME_TOKEN'), oauth1Key('k1', 'env:GLOBEX_TOKEN')],
    }),
    right: signing({ scheme: 'oauth1', keys: [oauth1Key('k1', 'env:ACME_TOKEN')] }),
  },
  {
    what: 'two OAuth keys with one consumer key and one access token, so that neither is named by a request',
    at: '/credentials/signature/keys/1/accessToken',
    wrong: signing({
      scheme: 'oauth1',
      keys: [oauth1Key('k1', 'env:ACME_TOKEN'), oauth1Key('k2', 'env:ACME_TOKEN')],
    }),
    right: {
      ...signing({
        scheme: 'oauth1',
        keys: [
          oauth1Key('k1', 'env:ACME_TOKEN'),
          oauth1Key('k2', 'env:ACME_TOKEN', 'env:GLOBEX_TOKEN'),
        ],
      }),
      gateway: { listen: { publicUrl: 'https://gateway.example' } },
    },
  },
  {
    what: 'a page size that is added to searches, above the largest page',
    at: '/policies/searchCriteria/defaultPageSize',
    wrong: searching({ maxPageSize: 20, defaultPageSize: 21 }),
    right: searching({ maxPageSize: 20, defaultPageSize: 20 }),
  },
  {
    what: 'a page size that is added to searches, above the largest page if none is given',
    at: '/policies/searchCriteria/defaultPageSize',
    wrong: searching({ defaultPageSize: 301 }),
    right: searching({ defaultPageSize: 300 }),
  },
  {
    what: 'a page size of one route above the largest page of all',
    at: '/policies/searchCriteria/routes/GET ~1V1~1products~1:sku/defaultPageSize',
    wrong: searching({
      maxPageSize: 20,
      routes: { [routes[0] as string]: { defaultPageSize: 21 } },
    }),
    right: searching({
      maxPageSize: 20,
      routes: { [routes[0] as string]: { defaultPageSize: 20 } },
    }),
  },
  {
    what: 'a largest page of one route below the page size that is added to all searches',
    at: '/policies/searchCriteria/routes/GET ~1V1~1products~1:sku/maxPageSize',
    wrong: searching({
      maxPageSize: 20,
      defaultPageSize: 20,
      routes: { [routes[0] as string]: { maxPageSize: 19 } },
    }),
    right: searching({ routes: { [routes[0] as string]: { maxPageSize: 19 } } }),
  },
  ...(['enforce', 'reportOnly'] as const).map((mode) => ({
    what: `magentoSchema ${mode} for one route, without the schema of the shop`,
    at: '/policies/magentoSchema',
    wrong: validating({ [routes[1] as string]: mode }),
    right: validating({ [routes[1] as string]: 'off' }),
  })),
  {
    what: 'audit details in a variable that the route does not have',
    at: '/policies/auditDetails/GET ~1V1~1products~1:sku/skus/0',
    wrong: detailed([':id']),
    right: detailed([':sku', '/product/sku']),
  },
  ...bodyReaders.map((enforced) => ({
    what: `a body that json-body only reports, while ${enforced}, which cannot read it, is enforced`,
    at: '/reportOnly',
    wrong: reporting('json-body', ...bodyReaders.filter((each) => each !== enforced)),
    right: reporting('json-body', ...bodyReaders),
  })),
  ...(
    [
      { scheme: 'oauth1', keys: [oauth1Key('k1', 'env:ACME_TOKEN')] },
      { scheme: 'rfc9421', keys: [{ id: 'k1', algorithm: 'hmac-sha256', secret: 'env:LONG' }] },
    ] as const
  ).map((signature) => ({
    what: `scheme ${signature.scheme} without listen.publicUrl, which it signs`,
    at: '/listen/publicUrl',
    wrong: signing(signature),
    right: {
      ...signing(signature),
      gateway: { listen: { publicUrl: 'https://gateway.example' } },
    },
  })),
]

describe('settings that do not fit together are refused, and the place is named:', () => {
  for (const { what, at, wrong, right } of cases) {
    test(what, async () => {
      const faults = await configFaults({ ...wrong, env })
      assert.ok(faults.has(at), `${at}: ${[...faults]}`)
      assert.equal((await configFaults({ ...right, env })).has(at), false)
    })
  }
})

test('the URLs of Magento and of the gateway are origins and nothing more', async () => {
  const faultsOf = async (url: string) => [
    ...(
      await configFaults({
        gateway: { magento: { url, publicUrl: url }, listen: { publicUrl: url } },
      })
    ).keys(),
  ]
  for (const url of ['http://shop.example', 'https://shop.example/', 'https://[::1]:8443']) {
    assert.deepEqual(await faultsOf(url), [], url)
  }
  for (const url of [
    'ftp://shop.example',
    'shop.example',
    'https://shop.example/rest',
    'https://shop.example/?a=1',
    'https://shop.example/#a',
    'https://user@shop.example',
    'https://:password@shop.example',
  ]) {
    const faults = await faultsOf(url)
    assert.deepEqual(
      faults.sort(),
      ['/listen/publicUrl', '/magento/publicUrl', '/magento/url'],
      url,
    )
  }
})

test('a store code is a word, and not one that means another route', async () => {
  const faultsOf = async (...stores: string[]) => [
    ...(await configFaults({ gateway: { magento: { stores } } })),
  ]
  assert.deepEqual(await faultsOf('all', 'de_2', 'asynchronous', 'schema2'), [])
  const expected = 'a store code: a letter, then letters, digits and _; not async or schema'
  const wrong = ['async', 'schema', '2de', 'a b']
  assert.deepEqual(
    await faultsOf(...wrong),
    wrong.map((_, index) => [`/magento/stores/${index}`, expected]),
  )
})

test('__proto__ and the like are keys like others', async () => {
  const integration = JSON.parse('{"__proto__": {"upstream": {"passthrough": true}}}')
  const [[pointer, expected] = []] = await configFaults({ integration })
  assert.equal(pointer, '/__proto__')
  assert.match(expected ?? '', /^no such key; known here: name, description/)
})
