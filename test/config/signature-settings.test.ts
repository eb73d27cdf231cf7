import assert from 'node:assert/strict'
import { test } from 'node:test'
import { redactTokenShapes } from '../../src/record/redaction/token-shapes.ts'
import { testEnv } from '../support/gateway.ts'
import { faultTextOf } from './config-faults.ts'

const closedPath = { ipAllowlist: ['127.0.0.0/8'], routes: ['GET /V1/products'] }

test('tells the faults of a signature in the words of its scheme', async () => {
  const integration = (name: string, signature: object, token?: string) => ({
    name,
    credentials: { signature, ...(token !== undefined && { token }) },
    upstream: { bearer: 'env:MAGENTO_TOKEN' },
    policies: closedPath,
  })
  const secret = { algorithm: 'hmac-sha256', secret: 'env:LONG_SECRET' }
  const oauth1 = {
    scheme: 'oauth1',
    keys: [
      {
        id: 'k1',
        consumerKey: 'env:ACME_TOKEN',
        consumerSecret: 'env:ACME_TOKEN',
        accessToken: 'env:ACME_TOKEN',
        accessTokenSecret: 'env:ACME_TOKEN',
      },
    ],
  }
  const env = { ...testEnv, LONG_SECRET: 'x'.repeat(32) }
  const one = await faultTextOf(
    {
      integrations: {
        a: integration('a', { scheme: 'rot13', secrets: [] }),
        b: integration('b', { scheme: 'canonical', keys: [], maxAgeMs: 1 }),
        c: integration('c', { secrets: [] }),
        d: integration('d', {
          scheme: 'rfc9421',
          keys: [{ id: 'k', algorithm: 'ed25519', publicKey: 'env:LONG_SECRET' }],
        }),
        e: integration('e', oauth1, 'env:GLOBEX_TOKEN'),
      },
    },
    env,
  )
  const schemes = 'one of body, canonical, rfc9421, oauth1'
  assert.deepEqual(one.split('\n').sort(), [
    'gateway.yaml:2 /listen/publicUrl: expected a value, since d signs the name of the gateway',
    `integrations/a.yaml:4 /credentials/signature/scheme: expected ${schemes}`,
    'integrations/b.yaml:4 /credentials/signature/secrets: expected a value, it is missing',
    'integrations/b.yaml:5 /credentials/signature/keys: expected no such key; known here: scheme, secrets, maxAgeMs',
    'integrations/b.yaml:6 /credentials/signature/maxAgeMs: expected >= 1000',
    'integrations/c.yaml:4 /credentials/signature/scheme: expected a value, it is missing',
    'integrations/d.yaml:8 /credentials/signature/keys/0/publicKey: expected a public key for ed25519, SubjectPublicKeyInfo in PEM',
    'integrations/e.yaml:11 /credentials/token: expected none, since the header Authorization is for OAuth',
  ])
  assert.equal(redactTokenShapes(one), one, 'the log sees a credential in these words')
  const other = await faultTextOf(
    {
      integrations: {
        a: integration('a', { scheme: 'rfc9421', keys: [{ id: 'k', ...secret }] }),
        b: integration('b', { scheme: 'rfc9421', keys: [{ id: 'k', ...secret }] }),
      },
    },
    env,
  )
  assert.deepEqual(other.split('\n').sort(), [
    'gateway.yaml:2 /listen/publicUrl: expected a value, since a signs the name of the gateway',
    'integrations/b.yaml:6 /credentials/signature/keys/0: expected a value that is not used in integrations/a.yaml too',
  ])
})
