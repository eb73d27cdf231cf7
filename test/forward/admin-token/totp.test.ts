import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { decodeBase32 } from '../../../src/forward/admin-token/base32.ts'
import { totp } from '../../../src/forward/admin-token/totp.ts'

// RFC 6238, appendix B, SHA-1; the last six of its eight digits.
const passwords: readonly (readonly [seconds: number, password: string])[] = [
  [59, '287082'],
  [1_111_111_109, '081804'],
  [1_111_111_111, '050471'],
  [1_234_567_890, '005924'],
  [2_000_000_000, '279037'],
  [20_000_000_000, '353130'],
]

test('agrees with the published test vectors of RFC 6238', () => {
  const secret = Buffer.from('12345678901234567890')
  for (const [seconds, password] of passwords) assert.equal(totp(secret, seconds * 1000), password)
})

test('keeps a password for thirty seconds', () => {
  const secret = Buffer.from('12345678901234567890')
  assert.equal(totp(secret, 30_000), totp(secret, 59_999))
  assert.notEqual(totp(secret, 59_999), totp(secret, 60_000))
})

// RFC 4648, section 10.
test('agrees with the published test vectors of base32', () => {
  const vectors = { 'MY======': 'f', 'MZXQ====': 'fo', 'MZXW6===': 'foo', 'MZXW6YQ=': 'foob' }
  const longer = { MZXW6YTB: 'fooba', 'MZXW6YTBOI======': 'foobar' }
  for (const [encoded, text] of Object.entries({ ...vectors, ...longer })) {
    assert.equal(decodeBase32(encoded)?.toString(), text)
  }
})

test('decodes base32 as people copy it, and nothing else', () => {
  assert.equal(decodeBase32('mzxw 6ytb-oi')?.toString(), 'foobar')
  for (const text of ['', '=', 'A', 'MZXW1', 'MZXW8', 'MZ=XW', 'é']) {
    assert.equal(decodeBase32(text), undefined, text)
  }
})

test('decodes every secret that base32 can write', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 40 }), (bytes) => {
      assert.deepEqual(decodeBase32(encodeBase32(bytes)), Buffer.from(bytes))
    }),
  )
})

function encodeBase32(bytes: Uint8Array): string {
  const bits = Array.from(bytes, (byte) => byte.toString(2).padStart(8, '0')).join('')
  const groups = bits.match(/.{1,5}/g) ?? []
  const digits = groups.map((group) => Number.parseInt(group.padEnd(5, '0'), 2))
  return digits.map((digit) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'[digit]).join('')
}
