import assert from 'node:assert/strict'
import { createHmac, createSecretKey } from 'node:crypto'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { describe, test } from 'node:test'
import { canonicalRequest } from '../../src/authenticate/canonical-request.ts'
import { signMessage } from '../../src/authenticate/message-signature/sign.ts'
import { acme, startGateway, testEnv } from '../support/gateway.ts'
import { type ClientAnswer, send } from '../support/http-client.ts'
import { startMagento } from '../support/magento-for-tests.ts'
import { shared } from '../support/shared.ts'
import { publicUrl, signersGateway, signingEnv } from '../support/signing-integrations.ts'

const path = '/rest/V1/magefine/inventaire'
const body = '{"sku":"24-MB01","qty":1}'

const magento = await shared(startMagento())
const elsewhere = {
  ...acme,
  name: 'elsewhere',
  credentials: {
    signature: { scheme: 'body', secrets: [{ id: 'k1', value: 'env:ACME_HMAC_SECRET' }] },
  },
  policies: { ...acme.policies, ipAllowlist: ['192.0.2.1'] },
}
const gateway = await shared(
  startGateway({
    magentoUrl: magento.url,
    ...signersGateway,
    integrations: [...signersGateway.integrations, elsewhere],
  }),
)

const hmac = (secret: string, signed: string) =>
  createHmac('sha256', secret).update(signed).digest('hex')

function canonicalHeaders(secret: string, offsetSeconds = 0) {
  const timestamp = String(Math.floor(Date.now() / 1000) - offsetSeconds)
  const nonce = crypto.randomUUID()
  const signed = canonicalRequest({ timestamp, nonce, method: 'POST', path, query: '', body })
  return { 'X-Timestamp': timestamp, 'X-Nonce': nonce, 'X-Signature': hmac(secret, signed) }
}

function messageHeaders(keyid: string, secret: string) {
  const created = Math.floor(Date.now() / 1000)
  const headers = ['Content-Type', 'application/json']
  const fields = signMessage(
    {
      method: 'POST',
      scheme: 'https',
      authority: new URL(publicUrl).host,
      path,
      query: undefined,
      headers,
      body: Buffer.from(body),
    },
    {
      algorithm: 'hmac-sha256',
      key: createSecretKey(secret, 'utf8'),
      parameters: { created, expires: created + 60, nonce: crypto.randomUUID(), keyid },
    },
  )
  return { ...fields }
}

const canonicalToken = { Authorization: `Bearer ${signingEnv.CANONICAL_TOKEN}` }
const acmeToken = { Authorization: `Bearer ${testEnv.ACME_TOKEN}` }
const wrongSecret = 'another-secret-0123456789-0123456789'

/** Signers that cannot be read, and what the record says of each. */
const unreadable: Readonly<Record<string, { headers: Record<string, string>; reason: string }>> = {
  rfc9421: {
    headers: { 'Signature-Input': 'sig=();keyid="message-1";created=1790000000.123456' },
    reason: 'signature-input is not a strict dictionary',
  },
  oauth1: {
    headers: { Authorization: 'oauth oauth_consumer_key="a", oauth_nonce="b", oauth_nonce="b"' },
    reason: 'oauth_nonce occurs more than once',
  },
}

/** Every kind of refused credential; the headers are made anew for each request. */
const refusals: Readonly<Record<string, () => Record<string, string>>> = {
  'nobody at all': () => ({}),
  'an unknown token': () => ({ Authorization: 'Bearer unknown-token-0123456789' }),
  'an unknown name': () => ({ 'X-Integration-Id': 'initech', 'X-Signature': hmac('x', body) }),
  'a name from another address': () => ({
    'X-Integration-Id': 'elsewhere',
    'X-Signature': hmac(testEnv.ACME_HMAC_SECRET, body),
  }),
  'a name beside a token of an administrator': () => ({
    'X-Integration-Id': 'message',
    Authorization: `Bearer e30.${Buffer.from('{"utypid":2}').toString('base64url')}.AAAA`,
  }),
  'body: no signature': () => acmeToken,
  'body: a wrong secret': () => ({ ...acmeToken, 'X-Signature': hmac(wrongSecret, body) }),
  'body: a wrong body': () => ({
    ...acmeToken,
    'X-Signature': hmac(testEnv.ACME_HMAC_SECRET, `${body}\n`),
  }),
  'canonical: a wrong secret': () => ({ ...canonicalToken, ...canonicalHeaders(wrongSecret) }),
  'canonical: an old time': () => ({
    ...canonicalToken,
    ...canonicalHeaders(signingEnv.CANONICAL_SECRET, 301),
  }),
  'rfc9421: an unknown key': () => messageHeaders('nobody-1', signingEnv.MESSAGE_SECRET),
  'rfc9421: a wrong secret': () => messageHeaders('message-1', wrongSecret),
  'rfc9421: the algorithm of another key': () =>
    messageHeaders('message-2', signingEnv.MESSAGE_SECRET),
  'oauth1: an unknown consumer': () => ({
    Authorization: 'OAuth oauth_consumer_key="nobody"',
  }),
  ...Object.fromEntries(
    Object.entries(unreadable).map(([scheme, { headers }]) => [
      `${scheme}: a signer that cannot be read`,
      () => headers,
    ]),
  ),
}

/** An answer without what differs from one request to the next anyway. */
function comparable({ status, rawHeaders, body: problem }: ClientAnswer, requestId: string) {
  const headers = rawHeaders.filter((_, index) => rawHeaders[index - (index % 2)] !== 'Date')
  return JSON.stringify([status, headers, problem]).replaceAll(requestId, 'ID')
}

async function refusalOf(headers: Record<string, string>): Promise<string> {
  const answer = await send(gateway.url, {
    method: 'POST',
    path,
    body,
    headers: { 'Content-Type': 'application/json', ...headers },
  })
  assert.equal(answer.status, 401)
  return comparable(answer, String(answer.headers['x-request-id']))
}

describe('a refused credential tells nothing of why: status, headers and body are the same', () => {
  for (const [name, headers] of Object.entries(refusals)) {
    test(name, async () => {
      assert.equal(await refusalOf(headers()), await refusalOf({}))
      const { received } = magento
      assert.equal(received.length, 0)
    })
  }
})

describe('the record says what is wrong with a signer that cannot be read', () => {
  for (const [scheme, { headers, reason }] of Object.entries(unreadable)) {
    test(scheme, async () => {
      const known = (await gateway.auditRecords(0)).length
      await refusalOf(headers)
      const record = (await gateway.auditRecords(known + 1)).at(-1)
      assert.equal(record?.reason, reason)
      assert.equal(record?.claimed, undefined)
    })
  }
})

describe('nor does the moment: a body is waited for, whoever the caller says it is', () => {
  for (const name of ['initech', 'elsewhere', 'message']) {
    test(name, async () => {
      const { hostname, port } = new URL(gateway.url)
      const socket = connect(Number(port), hostname)
      socket.write(
        `POST ${path} HTTP/1.1\r\nHost: gateway.example\r\nX-Integration-Id: ${name}\r\n` +
          `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n` +
          'Connection: close\r\n\r\n',
      )
      // Had the request above been refused by now, its answer would be here before this one.
      await refusalOf({})
      assert.equal(socket.bytesRead, 0)
      socket.write(body)
      assert.match(await text(socket), /^HTTP\/1\.1 401 /)
    })
  }
})
