import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { describe, test } from 'node:test'
import { prepareMessageSignature } from '../../../src/authenticate/message-signature/verify.ts'
import {
  nowMs,
  nowSeconds,
  origin,
  type Parts,
  publicPem,
  received,
  settings,
  signedParts,
} from './signed-request.ts'

const verify = prepareMessageSignature(settings, origin)

const algorithms = ['hmac-sha256', 'ed25519', 'ecdsa-p256-sha256'] as const

for (const algorithm of algorithms) {
  test(`accepts a write signed with ${algorithm}, and remembers its nonce until no reload could have it hold`, () => {
    assert.deepEqual(verify(received(signedParts({ algorithm })), nowMs), {
      keyId: algorithm,
      nonce: { value: 'nonce-0123456789abcdef', ttlMs: 420_001 },
    })
  })

  test(`accepts alg ${algorithm} where the key is of it`, () => {
    const signed = signedParts({ algorithm, parameters: { alg: algorithm } })
    assert.ok('keyId' in verify(received(signed), nowMs))
  })
}

const read: Partial<Parts> = { method: 'GET', headers: {}, body: Buffer.alloc(0) }

test('accepts a read without a body and its digest', () => {
  const components = ['@method', '@authority', '@path', '@query']
  assert.ok('keyId' in verify(received(signedParts({ ...read, components })), nowMs))
})

test('accepts further components, and the tag of this gateway', () => {
  const signed = signedParts({
    headers: { 'Content-Type': 'application/json', 'X-Extra': 'one' },
    components: [
      ...['@method', '@authority', '@path', '@query', '@scheme', '@target-uri'],
      ...['@request-target', '"@query-param";name="fields"'],
      ...['content-type', 'content-digest', '"content-digest";key="sha-256"', '"x-extra";bs'],
    ],
    parameters: { tag: 'magegate' },
  })
  assert.ok('keyId' in verify(received(signed), nowMs))
})

test('accepts a signature at the first and the last moment of its validity', () => {
  const signed = received(signedParts())
  assert.ok('keyId' in verify(signed, nowMs - 30_000))
  assert.ok('keyId' in verify(signed, nowMs + 330_000))
})

test('accepts a nonce of 16 and of 128 characters', () => {
  for (const length of [16, 128]) {
    const signed = signedParts({ parameters: { nonce: 'n'.repeat(length) } })
    assert.ok('keyId' in verify(received(signed), nowMs))
  }
})

test('takes the signature with the tag out of several', () => {
  const { headers, ...rest } = signedParts({ parameters: { tag: 'magegate' } })
  const request = received(
    { ...rest, headers },
    {
      'Signature-Input': ['other=("@status");tag="proxy"', headers['Signature-Input'] ?? ''],
      Signature: ['other=:AA==:', headers.Signature ?? ''],
    },
  )
  assert.ok('keyId' in verify(request, nowMs))
})

function reasonOf(changes: Partial<Parts>, atMs = nowMs): string {
  const result = verify(received(signedParts(changes)), atMs)
  return 'reason' in result ? result.reason : 'accepted'
}

describe('refuses what is signed, but not as the gateway wants it', () => {
  const all = ['@method', '@authority', '@path', '@query', 'content-digest', 'content-type']
  const cases: Record<string, [changes: Partial<Parts>, reason: string]> = {
    'no keyid': [{ parameters: { keyid: undefined } }, 'keyid is missing'],
    'a long keyid': [{ parameters: { keyid: 'k'.repeat(129) } }, 'keyid is too long'],
    'an unknown keyid': [
      { parameters: { keyid: 'unknown' } },
      'keyid is not one of this integration',
    ],
    'a key of another algorithm': [
      { parameters: { keyid: 'ed25519' } },
      'the signature does not have the length of ed25519',
    ],
    'an alg that is not that of the key': [
      { parameters: { alg: 'ed25519' } },
      'alg is not that of key hmac-sha256',
    ],
    'a key past its notAfter': [
      { parameters: { keyid: 'retired' } },
      'key retired is past its notAfter',
    ],
    'no nonce': [{ parameters: { nonce: undefined } }, 'nonce is missing'],
    'a short nonce': [
      { parameters: { nonce: 'n'.repeat(15) } },
      'nonce is not of 16 to 128 characters',
    ],
    'a long nonce': [
      { parameters: { nonce: 'n'.repeat(129) } },
      'nonce is not of 16 to 128 characters',
    ],
    'no created': [{ parameters: { created: undefined } }, 'created is missing'],
    'no expires': [{ parameters: { expires: undefined } }, 'expires is missing'],
    'created in the future': [
      { parameters: { created: nowSeconds + 31, expires: nowSeconds + 60 } },
      'created is in the future',
    ],
    'an expired one': [
      { parameters: { created: nowSeconds - 100, expires: nowSeconds - 31 } },
      'the signature has expired',
    ],
    'a window too long': [
      { parameters: { expires: nowSeconds + 301 } },
      'expires is too far after created',
    ],
    'expires no later than created': [
      { parameters: { expires: nowSeconds } },
      'expires is not after created',
    ],
    'the tag of another application': [
      { parameters: { tag: 'gnap' } },
      'tag is that of another application',
    ],
    'a nonce that is no string': [
      { parameters: { nonce: 1234567890123456 % 1e15 } },
      'Signature-Input: nonce is not a string',
    ],
    'a time that is no integer': [
      { parameters: { created: String(nowSeconds) } },
      'Signature-Input: created is not a number',
    ],
    'a digest that is not that of the body': [
      {
        headers: {
          'Content-Type': 'application/json',
          'Content-Digest': `sha-256=:${Buffer.alloc(32).toString('base64')}:`,
        },
      },
      'Content-Digest: sha-256 is not that of the body',
    ],
    'a digest of an unknown algorithm only': [
      { headers: { 'Content-Type': 'application/json', 'Content-Digest': 'md5=:AA==:' } },
      'Content-Digest has no algorithm known here',
    ],
  }
  for (const [name, [changes, reason]] of Object.entries(cases)) {
    test(name, () => assert.equal(reasonOf(changes), reason))
  }

  for (const missing of all) {
    test(`${missing} not covered`, () => {
      const components = all.filter((component) => component !== missing)
      assert.equal(reasonOf({ components }), `the signature does not cover ${missing}`)
    })
  }

  test('a member of Content-Digest covered in place of the whole', () => {
    const components = all.map((name) =>
      name === 'content-digest' ? '"content-digest";key="sha-256"' : name,
    )
    assert.equal(reasonOf({ components }), 'the signature does not cover content-digest')
  })

  test('a required tag that is missing or another one', () => {
    const strict = prepareMessageSignature({ ...settings, tag: 'acme' }, origin)
    for (const tag of [undefined, 'magegate']) {
      assert.deepEqual(strict(received(signedParts({ parameters: { tag } })), nowMs), {
        reason: 'tag is not the one required',
      })
    }
    assert.ok('keyId' in strict(received(signedParts({ parameters: { tag: 'acme' } })), nowMs))
  })

  test('another public name', () => {
    const other = prepareMessageSignature(settings, { ...origin, authority: 'other.example' })
    const result = other(received(signedParts()), nowMs)
    assert.ok('reason' in result)
    assert.equal(result.reason, 'the signature does not verify')
    // What the gateway would have had signed, for the record.
    assert.match(result.evidence?.computed ?? '', /^"@authority": other\.example$/m)
  })
})

describe('refuses what was tampered with', () => {
  const signed = signedParts()
  const input = signed.headers['Signature-Input'] ?? ''
  const signature = signed.headers.Signature ?? ''
  const cases: Record<string, [headers: Record<string, string | string[]>, reason: string]> = {
    'no Signature-Input': [{ 'Signature-Input': [] }, 'signature-input is missing'],
    'no Signature': [{ Signature: [] }, 'signature is missing'],
    'a long Signature-Input': [
      { 'Signature-Input': `${input};tag="${'t'.repeat(4096)}"` },
      'signature-input is too long',
    ],
    'a long Signature': [{ Signature: `sig1=:${'A'.repeat(4096)}:` }, 'signature is too long'],
    'a Signature-Input that is no dictionary': [
      { 'Signature-Input': `${input} x` },
      'signature-input is not a strict dictionary',
    ],
    'a nonce given twice': [
      { 'Signature-Input': `${input};nonce="another-0123456789"` },
      'signature-input is not a strict dictionary',
    ],
    'a label given twice': [
      { 'Signature-Input': [input, input] },
      'signature-input is not a strict dictionary',
    ],
    'a Signature given twice': [
      { Signature: [signature, signature] },
      'signature is not a strict dictionary',
    ],
    'base64 in another form': [
      { Signature: signature.replace('=:', ':').replace(/=*:$/, ':') },
      'signature is not a strict dictionary',
    ],
    'another label': [
      { Signature: signature.replace('sig1', 'sig2') },
      'Signature-Input and Signature have different labels',
    ],
    'a signature without its input': [
      { Signature: `${signature}, b=:AA==:` },
      'Signature-Input and Signature have different labels',
    ],
    'a label without its signature': [
      { 'Signature-Input': `${input}, b=("@method");tag="magegate"` },
      'Signature-Input and Signature have different labels',
    ],
    'two signatures without the tag': [
      { 'Signature-Input': `${input}, b=("@method")`, Signature: `${signature}, b=:AA==:` },
      'none of several signatures has the tag',
    ],
    'two signatures with the tag': [
      {
        'Signature-Input': 'a=("@method");tag="magegate", b=("@method");tag="magegate"',
        Signature: 'a=:AA==:, b=:AA==:',
      },
      'several signatures have the tag',
    ],
    'too many signatures': [
      { 'Signature-Input': 'a=(), b=(), c=(), d=(), e=()' },
      'too many signatures',
    ],
    'a signature that is no byte sequence': [
      { Signature: 'sig1="text"' },
      'Signature is not a byte sequence',
    ],
    'an input that is no inner list': [
      { 'Signature-Input': 'sig1="@method"' },
      'Signature-Input is not an inner list',
    ],
    'too many components': [
      { 'Signature-Input': `sig1=(${Array.from({ length: 33 }, (_, n) => `"x${n}"`).join(' ')})` },
      'too many covered components',
    ],
    'an unknown signature parameter': [
      { 'Signature-Input': `${input};level=1` },
      'Signature-Input has an unknown signature parameter',
    ],
    'a signature of another length': [
      { Signature: 'sig1=:AAAA:' },
      'the signature does not have the length of hmac-sha256',
    ],
    'another signature': [
      { Signature: `sig1=:${Buffer.alloc(32).toString('base64')}:` },
      'the signature does not verify',
    ],
    'a covered header removed': [
      { 'Content-Type': [] },
      'the covered header content-type is missing',
    ],
    'a covered header repeated': [
      { 'Content-Type': ['application/json', 'text/xml'] },
      'the signature does not verify',
    ],
    'a Content-Digest removed': [
      { 'Content-Digest': [] },
      'the covered header content-digest is missing',
    ],
    'a covered header that is not ASCII': [
      { 'Content-Type': 'application/json\u00e9' },
      'the covered header content-type is not ASCII',
    ],
  }
  for (const [name, [headers, reason]] of Object.entries(cases)) {
    test(name, () =>
      assert.partialDeepStrictEqual(verify(received(signed, headers), nowMs), { reason }),
    )
  }

  test('the body', () => {
    assert.deepEqual(verify(received({ ...signed, body: Buffer.from('{"sku":"x"}') }), nowMs), {
      reason: 'Content-Digest: sha-256 is not that of the body',
      isTried: true,
    })
  })

  test('a body put where there was none', () => {
    const components = ['@method', '@authority', '@path', '@query']
    const empty = signedParts({ ...read, components })
    assert.deepEqual(verify(received({ ...empty, body: Buffer.from('{}') }), nowMs), {
      reason: 'the signature does not cover content-digest',
    })
  })

  test('a body removed', () => {
    assert.deepEqual(verify(received({ ...signed, body: Buffer.alloc(0) }), nowMs), {
      reason: 'Content-Digest: sha-256 is not that of the body',
      isTried: true,
    })
  })
})

test('refuses an unknown keyid also where a key of the integration made the signature', () => {
  const forged = received(
    signedParts({ algorithm: 'ed25519', parameters: { keyid: 'ecdsa-unknown' } }),
  )
  const first = settings.keys[1]
  assert.ok(first !== undefined)
  const one = prepareMessageSignature({ ...settings, keys: [first] }, origin)
  // The unknown key is verified with this one, so that it costs the same; it must not pass by it.
  assert.deepEqual(one(forged, nowMs), {
    reason: 'keyid is not one of this integration',
    isTried: true,
  })
})

describe('fails at start on a key', () => {
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' })
  for (const [algorithm, key] of [
    ['ed25519', rsa.publicKey],
    ['ecdsa-p256-sha256', p384.publicKey],
  ] as const) {
    test(`that is not one for ${algorithm}`, () => {
      const keys = [{ id: 'k', algorithm, publicKey: publicPem(key) }]
      assert.throws(() => prepareMessageSignature({ ...settings, keys }, origin), /key k/)
    })
  }
})
