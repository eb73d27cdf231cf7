import assert from 'node:assert/strict'
import { createHmac, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { test } from 'node:test'
import type { MessageSignatureKey } from '../../src/authenticate/message-signature/message-signature-settings.ts'
import { prepareMessageSignature } from '../../src/authenticate/message-signature/verify.ts'
import { Secret } from '../../src/contract/secret.ts'
import { prepareUpstreamSignature, upstreamKey } from '../../src/forward/upstream-signature.ts'
import { globex, startGateway } from '../support/gateway.ts'
import { globexHeaders, send, writeOf } from '../support/http-client.ts'
import { answerWith, startRawUpstream } from '../support/raw-upstream.ts'
import { requestContext } from '../support/request.ts'

const origin = { scheme: 'https', authority: 'shop.example' } as const
const secret = new Secret('upstream-secret-0123456789-0123456789')
const body = Buffer.from('{"a":1}')
const outgoing = {
  method: 'POST',
  path: '/rest/V1/products',
  query: 'fields=sku',
  headers: ['host', 'shop.example', 'content-type', 'application/json', 'content-digest', 'x'],
  body,
}
const privatePem = (key: KeyObject) =>
  new Secret(key.export({ type: 'pkcs8', format: 'pem' }).toString())

/** Verifies what the gateway signs with a key, as Magento's side may. */
const verifierBy = (key: Omit<MessageSignatureKey, 'id'>) =>
  prepareMessageSignature(
    {
      scheme: 'rfc9421',
      keys: [{ id: 'gateway-1', ...key }],
      maxLifetimeSeconds: 60,
      clockSkewSeconds: 1,
    },
    origin,
  )

test('by scheme body it adds the HMAC of the body', () => {
  const headers = prepareUpstreamSignature({ scheme: 'body', secret }, origin)(outgoing)
  const expected = createHmac('sha256', secret.reveal()).update(body).digest('hex')
  assert.deepEqual(headers.slice(-2), ['x-signature', expected])
  assert.deepEqual(headers.slice(0, -2), outgoing.headers)
})

test('by scheme rfc9421 it adds what our own verifier accepts, with a nonce of its own each time', () => {
  const ed25519 = generateKeyPairSync('ed25519')
  const settings = {
    scheme: 'rfc9421',
    keyId: 'gateway-1',
    secret: privatePem(ed25519.privateKey),
    lifetimeSeconds: 60,
  } as const
  const sign = prepareUpstreamSignature(settings, origin)
  const publicKey = new Secret(ed25519.publicKey.export({ type: 'spki', format: 'pem' }).toString())
  const verify = verifierBy({ algorithm: 'ed25519', publicKey })
  const read = { ...outgoing, method: 'GET', body: Buffer.alloc(0) }
  // A quoted parameter may have any byte (RFC 9110, section 5.6.4).
  const boundary = ['content-type', 'multipart/form-data; boundary="\xe9"']
  const nonces = [outgoing, outgoing, read, { ...read, headers: boundary }].map((request) => {
    const headers = sign(request)
    const pairs = Array.from({ length: headers.length / 2 }, (_, index) =>
      headers.slice(index * 2, index * 2 + 2),
    )
    const received = requestContext({
      method: request.method,
      target: `${request.path}?${request.query}`,
      headers: Object.fromEntries(pairs),
      body: request.body,
    })
    const result = verify(received, Date.now())
    assert.ok('nonce' in result, JSON.stringify(result))
    return result.nonce?.value
  })
  assert.equal(new Set(nonces).size, 4)
})

test('says what is expected of a key that cannot sign', () => {
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const settings = { scheme: 'rfc9421', keyId: 'k', lifetimeSeconds: 60 } as const
  for (const key of [privatePem(rsa.privateKey), new Secret('-----BEGIN PRIVATE KEY-----\nno')]) {
    assert.deepEqual(upstreamKey({ ...settings, secret: key }), {
      expected: 'a private key for ed25519 or ecdsa-p256-sha256 in PEM, or a shared secret',
    })
  }
})

test('every request to Magento is signed, those that an endpoint makes too', async () => {
  const body = '{"item_id":7}'
  await using upstream = await startRawUpstream((socket) => answerWith(socket, { body }))
  await using gateway = await startGateway({
    magentoUrl: upstream.url,
    gateway: { magento: { upstreamSignature: { scheme: 'body', secret: 'env:UPSTREAM' } } },
    integrations: [{ ...globex, policies: { ...globex.policies, endpoints: 'compose' } }],
    env: { UPSTREAM: secret.reveal() },
  })
  for (const path of ['/rest/V1/products', '/rest/V1/magefine/inventaire']) {
    const { status } = await send(gateway.url, writeOf('{"sku":"a","qty":1}', { path }))
    assert.equal(status, 200)
  }
  assert.equal(upstream.requests.length, 3)
  for (const request of upstream.requests) {
    const [, sent = ''] = request.split('\r\n\r\n')
    const expected = createHmac('sha256', secret.reveal()).update(sent).digest('hex')
    assert.equal(/^x-signature: (\w+)/im.exec(request)?.[1], expected)
  }
})

test('so are those for a token, and those that look whether Magento works', async () => {
  const body = '"abc123"'
  await using upstream = await startRawUpstream((socket) => answerWith(socket, { body }))
  const adminToken = { username: 'env:GLOBEX_TOKEN', password: 'env:MAGENTO_TOKEN' }
  const upstreamSignature = { scheme: 'rfc9421', keyId: 'gateway-1', secret: 'env:UPSTREAM' }
  const probe = { path: '/rest/V1/modules?a=1', intervalMs: 3_600_000 }
  await using gateway = await startGateway({
    magentoUrl: upstream.url,
    gateway: { magento: { publicUrl: 'https://shop.example', upstreamSignature, probe } },
    integrations: [{ ...globex, upstream: { adminToken } }],
    env: { UPSTREAM: secret.reveal() },
  })
  const answer = await send(gateway.url, { headers: globexHeaders })
  assert.equal(answer.status, 200)
  await upstream.requestsReach(3)
  const verify = verifierBy({ algorithm: 'hmac-sha256', secret })
  const targets = upstream.requests.map((request) => {
    const [head = '', sent = ''] = request.split('\r\n\r\n')
    const [first = '', ...fields] = head.split('\r\n')
    const [method = '', target = ''] = first.split(' ')
    const headers = Object.fromEntries(fields.map((field) => field.split(/: (.*)/s, 2)))
    const received = requestContext({ method, target, headers, body: Buffer.from(sent) })
    assert.ok('nonce' in verify(received, Date.now()), head)
    return target
  })
  assert.deepEqual(targets.sort(), [
    '/rest/V1/modules?a=1',
    '/rest/V1/products/24-MB01',
    '/rest/all/V1/integration/admin/token',
  ])
})
