import assert from 'node:assert/strict'
import { createHmac, generateKeyPairSync, hash, sign } from 'node:crypto'
import { before, describe, test } from 'node:test'
import { oauth1BaseString } from '../../../src/authenticate/oauth1/base-string.ts'
import { explainCurl } from '../../../src/cli/explain/explain-curl.ts'
import { Unreadable } from '../../../src/cli/explain/unreadable.ts'
import { curlCommand } from '../../../src/cli/sign/curl-command.ts'
import { type Config, loadConfig } from '../../../src/config.ts'
import { percentEncode } from '../../../src/syntax/percent-encoding.ts'
import { writeConfig } from '../../support/config-directory.ts'
import { gatewaySettings, testEnv } from '../../support/gateway.ts'
import {
  ed25519PrivatePem,
  publicUrl,
  signers,
  signersGateway,
  signingEnv,
} from '../../support/signing-integrations.ts'

const ecdsa = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const path = '/rest/V1/products/A%2FB'
const query = 'fields=sku&name=a+b&s[]=1'
const body = '{"sku": "A/B"}'
const signedAtMs = Date.parse('2026-11-24T12:00:00Z')
const seconds = signedAtMs / 1000
let config: Config

before(async () => {
  const elliptic = {
    ...signers[2],
    name: 'elliptic',
    credentials: {
      signature: {
        scheme: 'rfc9421',
        keys: [{ id: 'message-3', algorithm: 'ecdsa-p256-sha256', publicKey: 'env:ECDSA' }],
      },
    },
  }
  const options = { magentoUrl: 'https://magento.example', gateway: signersGateway.gateway }
  await using files = await writeConfig({
    gateway: gatewaySettings(options, 'var/audit.jsonl'),
    integrations: Object.fromEntries([...signers, elliptic].map((each) => [each.name, each])),
  })
  const ecdsaPem = ecdsa.publicKey.export({ type: 'spki', format: 'pem' }).toString()
  config = await loadConfig(files.path, { ...testEnv, ...signingEnv, ECDSA: ecdsaPem })
})

function explain(
  integration: string,
  headers: Readonly<Record<string, string>>,
  { atMs = signedAtMs, clientString = '', sent = body, sentTo = 'https://10.0.0.7:8443' } = {},
) {
  const line = curlCommand(
    { method: 'POST', url: `${sentTo}${path}?${query}`, body: sent },
    Object.entries(headers).map(([name, value]) => ({ name, value })),
  )
  const { lines, isVerified, unshown } = explainCurl(config, {
    integration,
    line,
    atMs,
    clientString: clientString === '' ? undefined : Buffer.from(clientString),
  })
  return { text: lines.join('\n'), isVerified, unshown }
}

/** The line that is marked, and the causes that are told. */
function toldBy(text: string) {
  const marked = /^> +(\d+) {2}gateway .*\n> +\1 {2}client /m.exec(text)?.[1]
  const causes = [...text.matchAll(/^cause +(.*)$/gm)].map(([, cause]) => cause ?? '')
  return { marked: marked === undefined ? undefined : Number(marked), causes }
}

describe('scheme rfc9421', () => {
  const digest = (of: string) => `sha-256=:${hash('sha256', of, 'base64')}:`
  const components = '"@method" "@authority" "@path" "@query" "content-digest" "content-type"'
  const inputOf = (keyid = 'message-1', covered = components) =>
    `(${covered});created=${seconds};expires=${seconds + 60};nonce="nonce-0123456789ab";keyid="${keyid}"`

  /** The signature base as RFC 9421, section 2.5 has it, but for what a test changes. */
  function base(changes: Record<string, string> = {}, input = inputOf()): string {
    const values: Record<string, string> = {
      '@method': 'POST',
      '@authority': new URL(publicUrl).host,
      '@path': path,
      '@query': `?${query}`,
      'content-digest': digest(body),
      'content-type': 'application/json',
      ...changes,
    }
    const covered = input.slice(1, input.indexOf(')')).split(' ')
    const lines = covered.map((name) => `${name}: ${values[name.slice(1, -1)]}`)
    return [...lines, `"@signature-params": ${input}`].join('\n')
  }
  const hmacOf = (text: string, secret = signingEnv.MESSAGE_SECRET) =>
    createHmac('sha256', secret).update(text).digest()
  const headersOf = (signature: Buffer, input = inputOf(), digested = body) => ({
    'Content-Type': 'application/json',
    'Content-Digest': digest(digested),
    'Signature-Input': `sig1=${input}`,
    Signature: `sig1=:${signature.toString('base64')}:`,
  })

  test('says that a signature verifies', () => {
    const { text, isVerified } = explain('message', headersOf(hmacOf(base())))
    assert.ok(isVerified, text)
    assert.match(text, /verifies, by message-1/)
    assert.match(text, /3 {2}gateway {2}"@path": \/rest\/V1\/products\/A%2FB\n/)
    assert.match(text, /clock +the client's time is 0 s behind .*; 90 s are allowed/)
    assert.deepEqual(toldBy(text).causes, [])
  })

  const lines = base().split('\n')
  const mistakes: Record<string, [signed: string, cause: RegExp, line: number]> = {
    'signed the host that it sent to': [
      base({ '@authority': '10.0.0.7:8443' }),
      /host that it sent to/,
      2,
    ],
    'signed the address of Magento': [
      base({ '@authority': 'magento.example' }),
      /address of Magento/,
      2,
    ],
    'decoded the path': [base({ '@path': '/rest/V1/products/A/B' }), /path decoded/, 3],
    'left out the question mark': [base({ '@query': query }), /@query without \?/, 4],
    'wrote the method in lower case': [base({ '@method': 'post' }), /lower case/, 1],
    'ended the last line': [`${base()}\n`, /line feed after the last line/, 8],
    'wrote names without quotes': [
      lines.map((line) => line.replace(/^"([^"]+)"/, '$1')).join('\n'),
      /names of the components without quotes/,
      1,
    ],
    'signed the label': [
      [...lines.slice(0, -1), `"@signature-params": sig1=${inputOf()}`].join('\n'),
      /label of the signature/,
      7,
    ],
  }
  for (const [name, [signed, cause, line]] of Object.entries(mistakes)) {
    test(`finds that the client ${name}`, () => {
      const { text, isVerified } = explain('message', headersOf(hmacOf(signed)))
      assert.ok(!isVerified)
      const { marked, causes } = toldBy(text)
      assert.equal(causes.length, 1, text)
      assert.match(causes[0] ?? '', cause)
      assert.equal(marked, line, text)
    })
  }

  test('finds a secret with a line feed', () => {
    const signature = hmacOf(base(), `${signingEnv.MESSAGE_SECRET}\n`)
    assert.match(explain('message', headersOf(signature)).text, /secret with a line feed/)
  })

  test('tries public keys too, whatever keyid says', () => {
    const signed = base({ '@path': '/rest/V1/products/A/B' })
    const signature = sign(null, Buffer.from(signed), ed25519PrivatePem)
    const { text } = explain('message', headersOf(signature))
    assert.match(text, /path decoded.*\ncause .* used the key message-2, .*\nkey +message-2/)
  })

  test('finds an ECDSA signature in DER', () => {
    const input = inputOf('message-3')
    const signature = sign('sha256', Buffer.from(base({}, input)), ecdsa.privateKey)
    const { text } = explain('elliptic', headersOf(signature, input))
    assert.match(text, /signature in DER, and not as r and s/)
  })

  test('finds what was digested in the place of the body', () => {
    const digested = `${body}\n`
    const signature = hmacOf(base({ 'content-digest': digest(digested) }))
    const { text } = explain('message', headersOf(signature, inputOf(), digested))
    assert.match(text, /refused: Content-Digest: sha-256 is not that of the body/)
    assert.match(text, /in Content-Digest, the client signed the body with a line feed/)
    const other = hmacOf(base({ 'content-digest': digest('other') }))
    const changed = explain('message', headersOf(other, inputOf(), 'other')).text
    assert.match(changed, /the body was changed in transit/)
  })

  test('tells what is not covered, and when it has expired', () => {
    const input = inputOf('message-1', '"@method" "@authority" "@path" "@query"')
    const uncovered = explain('message', headersOf(hmacOf(base({}, input)), input)).text
    assert.match(uncovered, /refused: the signature does not cover content-digest/)
    const headers = headersOf(hmacOf(base()))
    const expired = explain('message', headers, { atMs: signedAtMs + 100_000 }).text
    assert.match(expired, /refused: the signature has expired/)
    assert.match(expired, /100 s behind .*; 90 s are allowed: too far/)
    assert.match(expired, /string and secret are right/)
  })

  test("shows the first line that differs from the client's string", () => {
    const signed = base({ 'content-type': 'application/json; charset=utf-8' })
    const { text } = explain('message', headersOf(hmacOf(signed)), { clientString: signed })
    assert.equal(toldBy(text).marked, 6)
    assert.match(text, /line 6 differs/)
  })

  test('shows no credential that is covered, and says what must not be shown', () => {
    const token = 'covered-token-0123456789'
    const input = inputOf('message-1', `${components} "authorization" "x-api-key"`)
    const covered = { authorization: `Bearer ${token}`, 'x-api-key': token }
    const headers = { Authorization: `Bearer ${token}`, 'X-Api-Key': token }
    const right = hmacOf(base(covered, input))
    const { text, unshown } = explain('message', {
      ...headersOf(Buffer.alloc(32), input),
      ...headers,
    })
    assert.ok(!text.includes(token), text)
    assert.match(text, /"x-api-key": \[redacted\]/)
    assert.ok(unshown.includes(right.toString('base64')))
    const clientString = base({ '@query': `?cart=${'a1'.repeat(16)}` })
    const other = explain('message', headersOf(Buffer.alloc(32)), { clientString })
    assert.match(other.text, /"@query": \?cart=\[redacted\]/)
  })

  test('says what cannot be read of the fields', () => {
    const { text, isVerified } = explain('message', { 'Content-Type': 'application/json' })
    assert.ok(!isVerified)
    assert.match(text, /refused: signature-input is missing/)
  })
})

describe('scheme oauth1', () => {
  const parameters = {
    oauth_consumer_key: signingEnv.CONSUMER_KEY,
    oauth_token: signingEnv.ACCESS_TOKEN,
    oauth_signature_method: 'HMAC-SHA256',
    oauth_timestamp: String(seconds),
    oauth_nonce: 'q2w8e4r6t1y3u5i7o9p0a2s4d6f8g1h3',
    oauth_version: '1.0',
    oauth_signature: '',
  }
  const key = `${signingEnv.CONSUMER_SECRET}&${signingEnv.ACCESS_TOKEN_SECRET}`

  function base(changes: object = {}, own: typeof parameters = parameters): string {
    const text = oauth1BaseString(
      { method: 'POST', origin: publicUrl, path, query, ...changes },
      own,
    )
    assert.ok(typeof text === 'string')
    return text
  }
  function headersOf(signed: string, hmacKey = key, more: Record<string, string> = {}) {
    const signature = createHmac('sha256', hmacKey).update(signed).digest('base64')
    const fields = Object.entries({ ...parameters, ...more, oauth_signature: signature })
    const text = fields.map(([name, value]) => `${name}="${percentEncode(value)}"`).join(', ')
    return { 'Content-Type': 'application/json', Authorization: `OAuth ${text}` }
  }

  test('says that a signature verifies, and names no key in the string', () => {
    const { text, isVerified } = explain('legacy', headersOf(base()))
    assert.ok(isVerified, text)
    assert.match(text, /verifies, by legacy-1/)
    assert.match(text, /oauth_consumer_key%3D\[redacted\]\n/)
    for (const shown of [signingEnv.CONSUMER_KEY, signingEnv.ACCESS_TOKEN]) {
      assert.ok(!text.includes(shown), text)
    }
    assert.match(text, /oauth_nonce%3Dq2w8/)
    assert.match(text, /clock +the client's time is 0 s behind/)
  })

  const { oauth_version, ...unversioned } = parameters
  const mistakes: Record<string, [signed: string, cause: RegExp, line?: number]> = {
    'signed for Magento': [base({ origin: 'https://magento.example' }), /address of Magento/, 2],
    'signed the URL that it sent to': [
      base({ origin: 'https://10.0.0.7:8443' }),
      /host that it sent to/,
      2,
    ],
    'signed http': [base({ origin: publicUrl.replace('https', 'http') }), /http, and not https/, 2],
    'decoded the path': [base({ path: '/rest/V1/products/A/B' }), /path decoded/, 2],
    'left the query out': [base({ query: undefined }), /left the query out/, 3],
    'kept a plus sign': [
      base({ query: query.replace('+', '%2B') }),
      /\+ in the query as itself/,
      4,
    ],
    'left out a parameter': [
      base({}, unversioned as typeof parameters),
      /sent oauth_version, and did not sign it/,
      10,
    ],
    'did not encode': [
      base().split('&').map(decodeURIComponent).join('&'),
      /did not percent-encode the parts/,
      2,
    ],
    'wrote escapes in lower case': [
      base().replace(/%../g, (octet) => octet.toLowerCase()),
      /percent-encoded in lower case/,
      2,
    ],
    'encoded a space as a plus sign': [base().replace('%2520', '%2B'), /a space as \+/, 4],
    'did not encode names': [
      base().replace('s%255B%255D', 's%5B%5D'),
      /did not percent-encode the names of the parameters/,
      11,
    ],
  }
  for (const [name, [signed, cause, line]] of Object.entries(mistakes)) {
    test(`finds that the client ${name}`, () => {
      const { text, isVerified } = explain('legacy', headersOf(signed))
      assert.ok(!isVerified)
      const { marked, causes } = toldBy(text)
      assert.equal(causes.length, 1, text)
      assert.match(causes[0] ?? '', cause)
      assert.equal(marked, line, text)
    })
  }

  test('tells a wrong scheme from the host that it sent to', () => {
    const signed = base({ origin: publicUrl.replace('https', 'http') })
    const { text } = explain('legacy', headersOf(signed), { sentTo: publicUrl })
    assert.match(text, /signed http, and not https/)
  })

  test('finds what was done with the secrets', () => {
    const alone = explain('legacy', headersOf(base(), `${signingEnv.CONSUMER_SECRET}&`))
    assert.match(alone.text, /without the access token secret/)
    const right = createHmac('sha256', key).update(base()).digest('base64')
    assert.ok(alone.unshown.includes(right))
    const says1 = { oauth_signature_method: 'HMAC-SHA1' }
    const text = explain(
      'legacy',
      headersOf(base({}, { ...parameters, ...says1 }), key, says1),
    ).text
    assert.match(text, /another hash than oauth_signature_method says/)
    const renewedKey = `${signingEnv.CONSUMER_SECRET}&${signingEnv.RENEWED_TOKEN_SECRET}`
    const mixed = explain('legacy', headersOf(base(), renewedKey))
    assert.match(mixed.text, /used the secret of another access token than it sent/)
    const renewed = { oauth_token: signingEnv.RENEWED_TOKEN }
    const signed = base({}, { ...parameters, ...renewed })
    const { text: verified } = explain('legacy', headersOf(signed, renewedKey, renewed))
    assert.match(verified, /verifies, by legacy-2/)
  })

  test('shows no token of path or query', () => {
    const token = 'a1'.repeat(16)
    const clientString = base({ path: `/rest/V1/guest-carts/${token}`, query: `token=${token}` })
    const { text } = explain('legacy', headersOf(base()), { clientString })
    assert.match(text, /guest-carts%2F\[redacted\]/)
    assert.match(text, /token%3D\[redacted\]/)
  })

  test('finds what was hashed in the place of the body', () => {
    const more = { oauth_body_hash: hash('sha256', `${body}\n`, 'base64') }
    const { text } = explain('legacy', headersOf(base({}, { ...parameters, ...more }), key, more))
    assert.match(text, /in oauth_body_hash, the client signed the body with a line feed/)
    const bySha1 = { oauth_body_hash: hash('sha1', body, 'base64') }
    const other = explain('legacy', headersOf(base({}, { ...parameters, ...bySha1 }), key, bySha1))
    assert.match(other.text, /in oauth_body_hash, the client used sha1, and not sha256/)
  })

  test('needs the header written out', () => {
    const line = `curl -H "Authorization: $header" 'https://gateway.example${path}'`
    assert.throws(
      () => explainCurl(config, { integration: 'legacy', line, atMs: 0, clientString: undefined }),
      (error) => error instanceof Unreadable && /Authorization is a shell/.test(error.message),
    )
  })
})
