import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { Secret } from '../../../src/contract/secret.ts'
import { compileRedaction } from '../../../src/record/redaction/compile-redaction.ts'

const secretText = fc.string({ minLength: 16, maxLength: 40, unit: 'grapheme-ascii' })

/** A text as it stands in a string of JSON. */
function inJson(text: string): string {
  return JSON.stringify(text).slice(1, -1)
}

/** Every character by its triplet, not only those that must be. */
function percentEncodeAll(text: string): string {
  return [...Buffer.from(text)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('')
}

test('finds a secret within a text that was encoded in base64, at any place', async () => {
  await fc.assert(
    fc.asyncProperty(secretText, fc.string(), fc.string(), async (text, before, behind) => {
      const redact = await compileRedaction([new Secret(text)])
      for (const form of ['base64', 'base64url'] as const) {
        const encoded = Buffer.from(before + text + behind).toString(form)
        const shown = redact(JSON.stringify({ shown: encoded }))
        const decoded = Buffer.from((JSON.parse(shown) as { shown: string }).shown, form)
        assert.ok(!decoded.includes(text), `${encoded} became ${shown}`)
        assert.ok(shown.includes('[redacted]'))
      }
    }),
  )
})

test('finds a secret each of whose characters is percent-encoded, and one encoded twice', async () => {
  await fc.assert(
    fc.asyncProperty(secretText, async (text) => {
      const redact = await compileRedaction([new Secret(text)])
      for (const encoded of [
        percentEncodeAll(text),
        encodeURIComponent(encodeURIComponent(text)),
        new URLSearchParams({ a: text }).toString().slice('a='.length),
        encodeURIComponent(Buffer.from(text).toString('base64')),
        Buffer.from(percentEncodeAll(text)).toString('base64'),
        // Beside what is no escape, or none of UTF-8.
        `100%,${percentEncodeAll(text)}`,
        `${percentEncodeAll(text)}%e4%,%zz`,
      ]) {
        assert.ok(!redact(`"${encoded}"`).includes(encoded), encoded)
      }
    }),
  )
})

test('finds a secret in a URL, where not every character of it has to be percent-encoded', async () => {
  const redact = await compileRedaction([
    new Secret('q7d+/kd9ZmX2Vb81LsT0Yw=='),
    new Secret('pass"word/of?acme&co'),
  ])
  for (const text of [
    'q7d+%2Fkd9ZmX2Vb81LsT0Yw==',
    'q7d+%2fkd9ZmX2Vb81LsT0Yw==',
    'pass%22word%2Fof%3Facme&co',
    'pass%22word/of?acme&co',
  ]) {
    assert.equal(redact(`"/V1/products/${text}"`), '"/V1/products/[redacted]"')
  }
})

test('finds a secret of words in a form, where a plus stands for a space', async () => {
  const redact = await compileRedaction([new Secret('correct horse ~battery (staple)')])
  const plain = await compileRedaction([new Secret('correct horse battery staple')])
  assert.equal(plain('"a=1&b=correct+horse+battery+staple&c"'), '"a=1&b=[redacted]&c"')
  for (const text of [
    'correct+horse+%7Ebattery+%28staple%29',
    'correct+horse+~battery+(staple)',
    '%63orrect+horse+%7ebattery+%28staple%29',
  ]) {
    assert.equal(redact(`"a=1&b=${text}&c"`), '"a=1&b=[redacted]&c"')
  }
  // A plus that is one.
  const summed = await compileRedaction([new Secret('correct+horse+~battery')])
  for (const text of ['correct%2Bhorse%2B%7Ebattery', 'correct+horse+%7Ebattery']) {
    assert.equal(summed(`"${text}"`), '"[redacted]"')
  }
})

test('finds each of ten thousand secrets, and redacts nothing else', async () => {
  const secrets = Array.from({ length: 10_000 }, () => randomBytes(16).toString('base64url'))
  const redact = await compileRedaction(secrets.map((text) => new Secret(text)))
  for (let index = 0; index < secrets.length; index += 97) {
    const secret = secrets[index] as string
    assert.equal(
      redact(`{"a":"${secret}","b":"x${secret}"}`),
      '{"a":"[redacted]","b":"x[redacted]"}',
    )
  }
  const line = '{"route":"GET /V1/products/:sku","path":"/rest/V1/products/24-MB01"}'
  assert.equal(redact(line), line)
})

test('finds a secret of seven characters at any place, and takes a shorter one for an ordinary word', async () => {
  const redact = await compileRedaction([new Secret('s3cr3t7'), new Secret('plain6')])
  for (let before = 0; before < 9; before += 1) {
    for (const behind of ['', '.', '...']) {
      const around = '.'.repeat(before)
      assert.equal(redact(`${around}s3cr3t7${behind}`), `${around}[redacted]${behind}`)
    }
  }
  assert.equal(redact('s3cr3t7s3cr3t7 plain6'), '[redacted][redacted] plain6')
})

test('finds a secret at the end of a long text', async () => {
  const redact = await compileRedaction([new Secret('s3cr3t-of-acme')])
  for (const before of ['.'.repeat(20_000), 'é'.repeat(100_003), '.'.repeat(50_000)]) {
    assert.equal(redact(`${before}s3cr3t-of-acme`), `${before}[redacted]`)
  }
})

test('of secrets that begin alike, the longest is redacted', async () => {
  const redact = await compileRedaction([
    new Secret('0123456789abcdef'),
    new Secret('0123456789abcdefghij'),
  ])
  assert.equal(redact('<0123456789abcdefghij>'), '<[redacted]>')
})

test('finds the longest of many secrets that begin alike, in every form', async () => {
  const secretsOf = fc.uniqueArray(secretText, { minLength: 2, maxLength: 50 })
  await fc.assert(
    fc.asyncProperty(
      fc.string({ minLength: 7, maxLength: 12 }),
      secretsOf,
      async (prefix, texts) => {
        const secrets = texts.map((text) => prefix + text)
        // One that another one begins with.
        const longer = `${secrets[0]}-and-more`
        const redact = await compileRedaction([...secrets, longer].map((text) => new Secret(text)))
        for (const secret of secrets) {
          for (const form of [
            inJson(secret),
            Buffer.from(secret).toString('hex'),
            encodeURIComponent(secret),
          ]) {
            assert.equal(redact(`\n${form}\n`), '\n[redacted]\n')
          }
        }
        assert.equal(redact(`\n${inJson(longer)}\n`), '\n[redacted]\n')
        assert.equal(redact(`\n${prefix}\n`), `\n${prefix}\n`)
      },
    ),
  )
})
