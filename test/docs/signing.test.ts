import assert from 'node:assert/strict'
import { createHmac, createSecretKey } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { canonicalRequest } from '../../src/authenticate/canonical-request.ts'
import { readComponents } from '../../src/authenticate/message-signature/component.ts'
import { contentDigest } from '../../src/authenticate/message-signature/content-digest.ts'
import { signMessage } from '../../src/authenticate/message-signature/sign.ts'
import { signatureBase } from '../../src/authenticate/message-signature/signature-base.ts'
import { oauth1BaseString } from '../../src/authenticate/oauth1/base-string.ts'

const page = await readFile(new URL('../../docs/signing.md', import.meta.url), 'utf8')
const blocks = [...page.matchAll(/```text\n([^`]+)\n```/g)].map(([, text]) => text)

const secret = 'signing-example-secret-0001'
const body = '{"sku":"A/B"}'
const timestamp = '1795521600'
const nonce = 'b7f0c1d2e3a4958677'
const request = { method: 'POST', path: '/rest/V1/products/A%2FB', query: 'fields=sku' }
const origin = { scheme: 'https', authority: 'gateway.example' } as const

const hmac = (text: string, key = secret) => createHmac('sha256', key).update(text)

test('its examples of canonical and body are what the gateway computes', () => {
  const canonical = canonicalRequest({ timestamp, nonce, ...request, body })
  const signatureOf = (text: string) => `X-Signature: ${hmac(text).digest('hex')}`
  assert.deepEqual(blocks.slice(0, 2), [canonical, signatureOf(canonical)])
  assert.equal(blocks.at(-1), signatureOf(body))
  for (const used of [secret, body, timestamp, nonce]) assert.ok(page.includes(`\`${used}\``))
})

test('its example of rfc9421 is what the gateway computes', () => {
  const key = createSecretKey(`${secret}-rfc9421`, 'utf8')
  const headers = ['Content-Type', 'application/json']
  const created = Number(timestamp)
  const parameters = {
    ...{ created, expires: created + 60, nonce, keyid: 'example-1' },
    ...{ alg: 'hmac-sha256', tag: 'magegate' },
  }
  const signed = signMessage(
    { ...request, ...origin, headers, body: Buffer.from(body) },
    { algorithm: 'hmac-sha256', key, parameters },
  )
  const input = signed['Signature-Input'].slice('sig1='.length)
  const names = [...(blocks[2] ?? '').matchAll(/^"([a-z@-]+)": /gm)].map(([, name]) => name)
  const components = readComponents(
    names.slice(0, -1).map((name) => [name ?? '', new Map()] as const) as never,
  )
  assert.ok(!('reason' in components))
  const rawHeaders = [...headers, 'Content-Digest', contentDigest(Buffer.from(body))]
  assert.equal(blocks[2], signatureBase({ ...request, rawHeaders }, origin, components, input))
  assert.equal(blocks[3], `Signature: ${signed.Signature}`)
  assert.ok(page.includes(`\`${secret}-rfc9421\``))
})

test('its example of oauth1 is what the gateway computes', () => {
  const text = oauth1BaseString(
    { ...request, method: 'GET', origin: 'https://gateway.example' },
    {
      oauth_consumer_key: 'example-consumer-key',
      oauth_nonce: nonce,
      oauth_signature_method: 'HMAC-SHA256',
      oauth_timestamp: timestamp,
      oauth_token: 'example-access-token',
      oauth_version: '1.0',
      oauth_signature: '',
    },
  )
  assert.equal(blocks[4], text)
  const key = 'example-consumer-secret&example-token-secret'
  assert.equal(blocks[5], `oauth_signature: ${hmac(String(text), key).digest('base64')}`)
})
