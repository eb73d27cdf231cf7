import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { writeConfig } from '../support/config-directory.ts'
import { gatewaySettings, globex, testEnv } from '../support/gateway.ts'
import { pemFile } from '../support/tls/pem.ts'
import { faultLinesAt } from './config-faults.ts'

const unset = 'env:NOT_SET'
const nodes = ['127.0.0.1:1']

const ofGateway: readonly [pointer: string, gateway: Readonly<Record<string, object>>][] = [
  ['/admin/token', { admin: { host: '127.0.0.1', port: 0, token: unset } }],
  ['/store/redis', { store: { redis: unset, caFile: pemFile('ca.cert') } }],
  ['/store/sentinel/password', { store: { sentinel: { primary: 'p', nodes, password: unset } } }],
  ['/store/cluster/password', { store: { cluster: { nodes, password: unset } } }],
  ['/jobs/rabbitmq', { jobs: { rabbitmq: unset }, store: { redis: 'env:REDIS' } }],
  [
    '/jobs/rabbitmq',
    {
      jobs: { rabbitmq: unset, rabbitmqCaFile: pemFile('ca.cert') },
      store: { redis: 'env:REDIS' },
    },
  ],
  ['/audit/tokenHashKey', { audit: { tokenHashKey: unset } }],
  ['/audit/checkpoints/key', { audit: { checkpoints: { key: unset } } }],
  ...(['body', 'rfc9421'] as const).map((scheme): [string, Readonly<Record<string, object>>] => [
    '/magento/upstreamSignature/secret',
    {
      magento: {
        upstreamSignature: { scheme, secret: unset, ...(scheme === 'rfc9421' && { keyId: 'k' }) },
      },
    },
  ]),
]

const secrets = [{ id: 'k', value: unset }]
const ofIntegration: readonly [pointer: string, integration: object][] = [
  ['/credentials/token', { credentials: { token: unset } }],
  [
    '/credentials/signature/secrets/0/value',
    { credentials: { signature: { scheme: 'canonical', secrets } } },
  ],
  [
    '/credentials/signature/keys/0/secret',
    {
      credentials: {
        signature: {
          scheme: 'rfc9421',
          keys: [{ id: 'k', algorithm: 'hmac-sha256', secret: unset }],
        },
      },
    },
  ],
  [
    '/credentials/signature/keys/0/publicKey',
    {
      credentials: {
        signature: {
          scheme: 'rfc9421',
          keys: [{ id: 'k', algorithm: 'ed25519', publicKey: unset }],
        },
      },
    },
  ],
  [
    '/credentials/signature/keys/0/consumerKey',
    {
      credentials: {
        signature: {
          scheme: 'oauth1',
          keys: [
            {
              id: 'k',
              consumerKey: unset,
              consumerSecret: 'env:MAGENTO_TOKEN',
              accessToken: 'env:MAGENTO_TOKEN',
              accessTokenSecret: 'env:MAGENTO_TOKEN',
            },
          ],
        },
      },
    },
  ],
  ['/upstream/bearer', { upstream: { bearer: unset } }],
  [
    '/upstream/adminToken/totpSecret',
    {
      upstream: {
        adminToken: {
          username: 'env:MAGENTO_TOKEN',
          password: 'env:MAGENTO_TOKEN',
          totpSecret: unset,
        },
      },
    },
  ],
  ['/callback/secrets/0', { callback: { url: 'https://erp.example/hooks', secrets: [unset] } }],
]

/** Each fault as its place, and what was expected there. */
async function faultsOf(
  gateway: Readonly<Record<string, object>>,
  integration: object,
): Promise<string[]> {
  const settings = gatewaySettings({ magentoUrl: 'http://127.0.0.1:1', gateway }, 'audit.jsonl')
  await using files = await writeConfig({
    gateway: {
      jobs: { file: 'jobs.sqlite' },
      ...settings,
      listen: { ...settings.listen, publicUrl },
    },
    integrations: { globex: { ...globex, ...integration } },
  })
  return await faultLinesAt(files.path, { ...testEnv, REDIS: 'redis://127.0.0.1:1' })
}

const publicUrl = 'http://127.0.0.1:1'
const expected = (pointer: string) => [`${pointer}: the environment variable NOT_SET to be set`]

describe('a secret that is not there is one fault, at its own place:', () => {
  for (const [pointer, gateway] of ofGateway) {
    test(`${pointer} of gateway.yaml, ${JSON.stringify(gateway)}`, async () => {
      assert.deepEqual(await faultsOf(gateway, {}), expected(pointer))
    })
  }

  for (const [pointer, integration] of ofIntegration) {
    test(`${pointer} of an integration`, async () => {
      assert.deepEqual(await faultsOf({}, integration), expected(pointer))
    })
  }
})
