import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { Secret } from '../../../src/contract/secret.ts'
import { compileRedaction } from '../../../src/record/redaction/compile-redaction.ts'
import { redactTokenShapes } from '../../../src/record/redaction/token-shapes.ts'

const redact = await compileRedaction([])
const strict = await compileRedaction([new Secret('nine-tailed-secret')], { emails: true })
const token = 'eyJhbGciOiJIUzI1NiJ9.eyJ1aWQiOjF9.c2lnbmF0dXJl'

/** The three forms in which a line may hold a text. */
function formsOf(text: string): string[] {
  return [text, encodeURIComponent(text), Buffer.from(`to: ${text}, now`).toString('base64')]
}

describe('in a finished line strikes out', () => {
  for (const text of [
    token,
    'Bearer abc123',
    'bearer abc123',
    'OAuth oauth_token=1',
    '4111111111111111',
    '4111 1111 1111 1111',
    '4111-1111-1111-1111',
    '378282246310005',
    '5555555555554444',
  ]) {
    test(text, () => {
      for (const form of formsOf(text)) {
        const shown = redact(`{"a":"${form}"}`)
        assert.ok(!shown.includes(form), shown)
        assert.ok(shown.includes('[redacted]'), shown)
      }
    })
  }
  test('an e-mail address, if asked for', () => {
    const line = '{"a":"ann@example.org","b":"ann%40example.org"}'
    assert.equal(redact(line), line)
    assert.equal(strict(line), '{"a":"[redacted]","b":"[redacted]"}')
  })
})

test('what follows Basic is struck out whenever it may be a user name and a password', () => {
  const part = fc.string({ unit: 'binary', maxLength: 40 })
  const encodings = {
    base64: (text: string) => Buffer.from(text).toString('base64'),
    'base64 of Latin-1': (text: string) => Buffer.from(text, 'latin1').toString('base64'),
    base64url: (text: string) => Buffer.from(text).toString('base64url'),
    'base64 in a URL': (text: string) => encodeURIComponent(Buffer.from(text).toString('base64')),
    'as it is, in a URL': encodeURIComponent,
  }
  fc.assert(
    fc.property(
      part,
      part,
      fc.constantFrom(...Object.values(encodings)),
      fc.constantFrom('Basic ', 'basic+', 'BASIC%20'),
      fc.constantFrom('', ',', "'", '(', '<'),
      (user, password, encode, scheme, around) => {
        const text = `a ${scheme}${around}${encode(`${user}:${password}`)}${around} b`
        assert.equal(redactTokenShapes(text), `a ${scheme}[redacted] b`)
      },
    ),
  )
})

describe('leaves alone', () => {
  for (const [name, text] of [
    ['a number with a wrong check digit', '4111111111111112'],
    ['an article number', '4006381333931'],
    ['a UUID', '41111111-1111-4111-8111-111111111111'],
    ['a digest', '4111111111111111a111111111111111111111111111111111111111111111ab'],
    ['a time', '2026-01-15T09:30:00.123Z'],
    ['base64 of nothing secret', Buffer.from('this is a text like any other').toString('base64')],
    ['a name with the word Basic', 'Basic Tee, Basic%20Tee, basic+hoodie-XL'],
    ['a path', '/rest/V1/products/BLACK-LEATHER-JACKET-SIZE-XL-2024-EDITION'],
  ] as const) {
    test(name, () => assert.equal(redact(`{"a":"${text}"}`), `{"a":"${text}"}`))
  }
})

test('the number of a card is recognized by what surrounds it', () => {
  const card = '4111111111111111'
  for (const [text, shown] of [
    [card, '[redacted]'],
    [`a ${card} b`, 'a [redacted] b'],
    [`${card}"`, '[redacted]"'],
    [`x${card}`, `x${card}`],
    [`${card}x`, `${card}x`],
    [`1.${card}`, `1.${card}`],
    [`${card}\n${card}`, '[redacted]\n[redacted]'],
  ] as const) {
    assert.equal(redact(text), shown)
  }
})

describe('an escape of JSON', () => {
  const card = '4111111111111111'
  const controls = ['\n', '\t', '\r', '\b', '\f', '\u0001', '\u001f', '"', '\\']
  const hidden = [
    card,
    '4111 1111 1111 1111',
    'Bearer abc123',
    token,
    'ann@example.org',
    'ann%40example.org',
    Buffer.from(`to ${card}`).toString('base64'),
    encodeURIComponent(Buffer.from(`to ${token}`).toString('base64')),
  ]
  for (const control of controls) {
    test(`${JSON.stringify(control)} is no part of what follows it`, () => {
      for (const text of hidden) {
        const shown = strict(JSON.stringify({ skus: [`a${control}${text}`] }))
        const [sku = ''] = (JSON.parse(shown) as { skus: string[] }).skus
        assert.ok(sku.startsWith(`a${control}`) && sku.includes('[redacted]'), shown)
        assert.ok(!shown.includes(text), shown)
      }
    })
  }
  test('leaves JSON behind if its letter is the beginning of a secret', () => {
    for (const text of ['a\nine-tailed-secret', 'a\n\nine-tailed-secret b']) {
      const shown = strict(JSON.stringify({ a: text }))
      assert.deepEqual(Object.keys(JSON.parse(shown) as object), ['a'], shown)
    }
    const form = Buffer.from('l 4111111111111111').toString('base64')
    assert.equal(form[0], 'b')
    const line = JSON.stringify({ a: `\b${form.slice(1)}` })
    assert.ok(JSON.parse(strict(line)))
  })
})

test('words end at any white space, so that text that cannot be decoded hides no token after it', async () => {
  const known = await compileRedaction([new Secret('s3cr3t-one-abcdef')])
  for (const space of [' ', '\t', '\u00a0', '\u2028', '\u3000']) {
    assert.ok(!known(`%ZZ${space}s%33cr3t-one-abcdef`).includes('cr3t-one'), JSON.stringify(space))
  }
})

test('of several tokens in one run each is struck out', () => {
  assert.equal(redact(`a.${token}.b.${token}`), 'a.[redacted].b.[redacted]')
})

// Where the time grows with the square of the length, this does not end within the time of a test.
describe('takes no longer than a text is long', () => {
  const length = 1_000_000
  for (const [name, text] of [
    ['beginnings of web tokens', 'eyJ'.repeat(length / 3)],
    ['web tokens without an end', `${'eyJhbGciOiJI.'.repeat(length / 13)}%20`],
    ['a word without escapes beside one that has some', `${'a'.repeat(length)}/%20`],
    ['beginnings of escapes', '%2'.repeat(length / 2)],
    ['digits', '4'.repeat(length)],
    ['digits with separators', '4 '.repeat(length / 2)],
    ['schemes', 'Bearer '.repeat(length / 7)],
    ['local parts', 'a.'.repeat(length / 2)],
    ['at signs', 'a@'.repeat(length / 2)],
  ] as const) {
    test(name, () => {
      for (const find of [redact, strict]) assert.ok(find(`{"a":"${text}"}`).startsWith('{"a":"'))
      assert.ok(redactTokenShapes(text).length > 0)
    })
  }
})
