import assert from 'node:assert/strict'
import { createHash, createHmac } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import OAuth from 'oauth-1.0a'
import type { Oauth1SignatureSettings } from '../../../src/authenticate/oauth1/oauth1-settings.ts'
import { oauth1Signature } from '../../../src/authenticate/oauth1/verify.ts'
import { Secret } from '../../../src/contract/secret.ts'
import { requestContext } from '../../support/request.ts'

const nowMs = Date.parse('2026-11-24T12:00:00Z')
const origin = 'https://gateway.example'
const emptyHash = createHash('sha256').update('').digest('base64')

function keyOf(id: string, notAfter?: string): Oauth1SignatureSettings['keys'][number] {
  return {
    id,
    consumerKey: new Secret(`${id}-consumer-key-0123456789`),
    consumerSecret: new Secret(`${id}-consumer-secret-0123456789`),
    accessToken: new Secret(`${id}-access-token-0123456789`),
    accessTokenSecret: new Secret(`${id}-access-token-secret-0123`),
    ...(notAfter !== undefined && { notAfter }),
  }
}

const settings: Oauth1SignatureSettings = {
  scheme: 'oauth1',
  keys: [keyOf('k2'), keyOf('k1', '2026-11-24T12:00:00Z')],
  allowSha1: false,
  requireBodyHash: false,
  maxAgeMs: 300_000,
}

interface Call {
  readonly method?: string
  readonly target?: string
  readonly body?: string
  readonly key?: string
  /** Whose access token is used; that of `key` by default. */
  readonly token?: string
  readonly nonce?: string
  readonly algorithm?: 'sha256' | 'sha1'
  readonly atMs?: number
  /** Replaces the parts of the header, once they are signed. */
  readonly alter?: (header: string) => string
  readonly headers?: Record<string, string>
  readonly bodyHash?: string
}

/** Signs with the package that many clients of Magento use. */
function signedCall(call: Call) {
  const { method = 'GET', target = '/rest/V1/products/24-MB01', key = 'k2', atMs = nowMs } = call
  const { algorithm = 'sha256', body = '', alter = (header) => header } = call
  const client = new OAuth({
    consumer: {
      key: `${key}-consumer-key-0123456789`,
      secret: `${key}-consumer-secret-0123456789`,
    },
    signature_method: algorithm === 'sha1' ? 'HMAC-SHA1' : 'HMAC-SHA256',
    hash_function: (text, secret) => createHmac(algorithm, secret).update(text).digest('base64'),
  })
  client.getTimeStamp = () => Math.floor(atMs / 1000)
  const { nonce } = call
  if (nonce !== undefined) client.getNonce = () => nonce
  const { token: owner = key } = call
  const token = {
    key: `${owner}-access-token-0123456789`,
    secret: `${owner}-access-token-secret-0123`,
  }
  const data = {
    url: origin + target,
    method,
    ...(call.bodyHash && { data: { oauth_body_hash: call.bodyHash } }),
  }
  const header = client.toHeader(client.authorize(data, token)).Authorization
  return requestContext({
    method,
    target,
    body,
    headers: { Authorization: alter(header), ...call.headers },
  })
}

function resultOf(call: Call, changes: Partial<Oauth1SignatureSettings> = {}) {
  return oauth1Signature({ ...settings, ...changes }, origin)(signedCall(call), nowMs)
}

function reasonOf(call: Call, changes: Partial<Oauth1SignatureSettings> = {}) {
  const result = resultOf(call, changes)
  return 'reason' in result ? result.reason : undefined
}

test('verifies what the package oauth-1.0a signs, and says which key it was', () => {
  for (const target of [
    '/rest/V1/products/24-MB01',
    '/rest/V1/products/a%2Fb?fields=sku',
    '/rest/V1/products?searchCriteria[pageSize]=10&searchCriteria[filter_groups][0][filters][0][field]=sku',
    '/rest/V1/products?b=%C3%A9&a=x%20y&c=',
  ]) {
    const result = resultOf({ target })
    assert.ok(!('reason' in result), target)
    assert.equal(result.keyId, 'k2')
    assert.match(result.nonce?.value ?? '', /^\d{10} \w{32}$/)
    assert.equal(result.nonce?.ttlMs, 300_001)
  }
})

test('reads past a realm with any characters, and empty elements of the list', () => {
  for (const alter of [
    (header: string) => header.replace('OAuth ', 'OAuth realm="Shop, \\"EU\\"", '),
    (header: string) => `${header} ,\tRealm="a=b,c"`,
    (header: string) => header.replace('OAuth ', 'OAuth ,, ').replace(', ', ', ,'),
    (header: string) => `${header},`,
  ]) {
    assert.equal(reasonOf({ alter }), undefined)
  }
  const alter = (header: string) => header.replace('OAuth ', 'OAuth realm="open, ')
  assert.equal(reasonOf({ alter }), 'Authorization has a part that is not a parameter')
})

test('takes base64 that the client did not percent-encode, as Magento does', () => {
  const alter = (header: string) =>
    header.replaceAll(/%2[BF]|%3D/g, (encoded) => decodeURIComponent(encoded))
  const signatures = Array.from({ length: 50 }, (_, index) => {
    const call = { target: `/rest/V1/products/${index}`, bodyHash: emptyHash, alter }
    assert.equal(reasonOf(call), undefined)
    return signedCall(call).header('authorization') ?? ''
  }).join()
  for (const character of ['+', '/', '=']) {
    assert.ok(signatures.includes(character), character)
  }
})

test('takes a short nonce, as of a counter or a random number, once with each timestamp', () => {
  const nonceOf = (nonce: string, atMs = nowMs) => {
    const result = resultOf({ nonce, atMs })
    return 'reason' in result ? result.reason : result.nonce?.value
  }
  const used = ['123400', '7', '77'].map((nonce) => nonceOf(nonce))
  assert.equal(new Set(used).size, 3)
  assert.ok(
    used.every((value) => /^\d{10} \d+$/.test(value ?? '')),
    String(used),
  )
  assert.equal(nonceOf('7'), used[1])
  assert.notEqual(nonceOf('7', nowMs - 1_000), used[1])
})

test('remembers a nonce as long as its timestamp could be valid after a reload', () => {
  const result = resultOf({}, { maxAgeMs: 1_000 })
  assert.ok(!('reason' in result) && result.nonce?.ttlMs === 300_001)
})

test('takes either of two access tokens of one consumer key, as after a new authorization in Magento', () => {
  const { consumerKey, consumerSecret } = keyOf('k2')
  const renewed = { ...keyOf('k3'), consumerKey, consumerSecret }
  const keys = [keyOf('k2'), renewed]
  for (const token of ['k2', 'k3']) {
    const result = resultOf({ token }, { keys })
    assert.ok(!('reason' in result) && result.keyId === token, token)
  }
  const reason = 'oauth_token is not that of the consumer key'
  assert.equal(reasonOf({ token: 'k1' }, { keys }), reason)
  const ended = { ...renewed, notAfter: '2026-11-24T12:00:00Z' }
  assert.equal(
    reasonOf({ token: 'k3' }, { keys: [keyOf('k2'), ended] }),
    'key k3 is past its notAfter',
  )
  // The secret of one token does not fit the other.
  const alter = (header: string) => header.replace('k2-access-token', 'k3-access-token')
  assert.equal(reasonOf({ alter }, { keys }), 'oauth_signature does not verify')
})

test('takes HMAC-SHA1 only where it is allowed', () => {
  const call = { algorithm: 'sha1' } as const
  assert.equal(reasonOf(call), 'oauth_signature_method is not one that is allowed')
  assert.equal(reasonOf(call, { allowSha1: true }), undefined)
})

test('refuses what was not signed with a live key of the integration', () => {
  const replace = (from: string, to: string) => (header: string) => header.replace(from, to)
  const set = (name: string, value: string) => (header: string) =>
    header.replace(new RegExp(`${name}="[^"]*"`), `${name}="${value}"`)
  const tooLong = 'Authorization is too long'
  const badNonce = 'oauth_nonce is not 1 to 128 printable characters'
  const badTime = 'oauth_timestamp is not a number of seconds'
  for (const [call, reason] of [
    [{ key: 'k3' }, 'oauth_consumer_key is not one of this integration'],
    [{ key: 'k1' }, 'key k1 is past its notAfter'],
    [{ alter: replace('k2-access', 'k1-access') }, 'oauth_token is not that of the consumer key'],
    [
      { alter: replace('oauth_signature="', 'oauth_signature="AAAA') },
      'oauth_signature does not verify',
    ],
    [
      { alter: replace('HMAC-SHA256', 'PLAINTEXT') },
      'oauth_signature_method is not one that is allowed',
    ],
    [{ alter: replace('oauth_version="1.0"', 'oauth_version="2.0"') }, 'oauth_version is not 1.0'],
    [
      { alter: replace('oauth_nonce', 'oauth_nonsense') },
      'Authorization has a part that is not a parameter',
    ],
    [
      { alter: (header) => `${header}, oauth_version="1.0"` },
      'oauth_version occurs more than once',
    ],
    [{ alter: replace('OAuth', 'Bearer') }, 'Authorization is not OAuth'],
    [{ alter: replace('OAuth ', `OAuth realm="${'x'.repeat(4_096)}", `) }, tooLong],
    [{ alter: set('oauth_nonce', '%ff') }, 'oauth_nonce is not percent-encoded UTF-8'],
    [{ alter: set('oauth_nonce', 'a'.repeat(129)) }, badNonce],
    [{ alter: set('oauth_nonce', 'a%20nonce%20of%20words') }, badNonce],
    [{ alter: set('oauth_timestamp', `${nowMs / 1000}.5`) }, badTime],
    [{ alter: set('oauth_timestamp', `-${nowMs / 1000}`) }, badTime],
    [{ alter: set('oauth_token', '') }, 'oauth_token is missing'],
    [{ alter: (header) => header.replace(/, oauth_token="[^"]*"/, '') }, 'oauth_token is missing'],
  ] as const satisfies readonly (readonly [Call, string])[]) {
    assert.equal(reasonOf(call), reason)
  }
})

test('says for the record which text should have been signed', () => {
  const alter = (header: string) => header.replace('oauth_signature="', 'oauth_signature="AAAA')
  const forged = resultOf({ alter })
  assert.ok('reason' in forged)
  assert.match(forged.evidence?.computed ?? '', /^GET&https%3A%2F%2Fgateway\.example%2Frest/)
  assert.match(forged.evidence?.signature ?? '', /^AAAA/)
})

test('refuses times that are too far off, either way', () => {
  assert.equal(
    reasonOf({ atMs: nowMs - 301_000 }),
    "oauth_timestamp is 301 s behind the gateway's clock",
  )
  assert.equal(
    reasonOf({ atMs: nowMs + 301_000 }),
    "oauth_timestamp is -301 s behind the gateway's clock",
  )
  assert.equal(reasonOf({ atMs: nowMs - 299_000 }), undefined)
})

test('covers a body by its hash where the client sends one or has to', () => {
  const body = '{"sku":"a"}'
  const bodyHash = createHash('sha256').update(body).digest('base64')
  const call = { method: 'POST', body }
  assert.equal(reasonOf(call), undefined)
  assert.equal(reasonOf(call, { requireBodyHash: true }), 'oauth_body_hash is missing')
  assert.equal(reasonOf({ ...call, bodyHash }, { requireBodyHash: true }), undefined)
  assert.equal(reasonOf({}, { requireBodyHash: true }), undefined)
  const bySha1 = { ...call, algorithm: 'sha1' } as const
  const sha1 = createHash('sha1').update(body).digest('base64')
  assert.equal(reasonOf({ ...bySha1, bodyHash: sha1 }, { allowSha1: true }), undefined)
  assert.equal(
    reasonOf({ ...bySha1, bodyHash }, { allowSha1: true }),
    'oauth_body_hash is not that of the body',
  )
  assert.equal(
    reasonOf({ ...call, body: '{"sku":"b"}', bodyHash }),
    'oauth_body_hash is not that of the body',
  )
  const headers = { 'Content-Type': 'Application/x-www-form-Urlencoded' }
  assert.equal(reasonOf({ ...call, body: 'a=1', headers }), 'a form body cannot be verified')
  assert.equal(reasonOf({ method: 'DELETE', headers }), undefined)
})

test('refuses a request of which any bit of method, path, query or header was flipped', () => {
  const verify = oauth1Signature(settings, origin)
  const segment = fc.string({
    unit: fc.constantFrom(...'abcXYZ019-_.~'),
    minLength: 1,
    maxLength: 12,
  })
  const query = fc.uniqueArray(fc.tuple(segment, segment), {
    selector: ([name]) => name,
    minLength: 1,
    maxLength: 5,
  })
  fc.assert(
    fc.property(segment, query, fc.nat(), (sku, pairs, where) => {
      const search = pairs.map(([name, value]) => `${name}=${value}`).join('&')
      const signed = signedCall({ target: `/rest/V1/products/x${sku}?${search}` })
      assert.ok('keyId' in verify(signed, nowMs))
      const authorization = signed.header('authorization') ?? ''
      const parts = [signed.method, signed.target.path, search, authorization.slice(6)]
      const bytes = Buffer.from(parts.join('\n'), 'latin1')
      const bit = where % (bytes.length * 8)
      bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      const [method = '', path = '', changed = '', header = ''] = bytes
        .toString('latin1')
        .split('\n')
      const altered = requestContext({ method, headers: { Authorization: `OAuth ${header}` } })
      altered.parsedTarget = {
        ...signed.target,
        path,
        query: changed,
        store: undefined,
        segments: [],
      }
      const result = verify(altered, nowMs)
      // Of an escape the digits may be of either case.
      const isSameMeaning =
        decodeURIComponentOr(header) === decodeURIComponentOr(authorization.slice(6))
      if (!isSameMeaning) assert.ok('reason' in result)
    }),
    { numRuns: 3000 },
  )
})

function decodeURIComponentOr(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
