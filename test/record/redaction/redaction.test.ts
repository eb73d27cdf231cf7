import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { inspect } from 'node:util'
import fc from 'fast-check'
import { collectGarbage } from '../../../src/cli/collect-garbage.ts'
import { Secret } from '../../../src/contract/secret.ts'
import { compileBodyRedaction } from '../../../src/record/redaction/body-redaction.ts'
import { compileRedaction, redactPlain } from '../../../src/record/redaction/compile-redaction.ts'
import { compileCredentialNames } from '../../../src/record/redaction/credential-names.ts'
import { redactPath } from '../../../src/record/redaction/path-redaction.ts'
import { redactQuery } from '../../../src/record/redaction/query-redaction.ts'
import { redactTokenShapes } from '../../../src/record/redaction/token-shapes.ts'
import { requestContext } from '../../support/request.ts'

test('a secret cannot be printed by accident', () => {
  const secret = new Secret('the-plain-value-0123')
  const printed = [
    `${secret}`,
    JSON.stringify({ secret }),
    inspect({ secret }),
    inspect(secret, { showHidden: true }),
  ]
  for (const text of printed) assert.ok(!text.includes('plain'))
  assert.equal(secret.reveal(), 'the-plain-value-0123')
})

test('strikes every known secret out of a line, in every form it may take', async () => {
  const secretText = fc.string({ minLength: 16, maxLength: 40, unit: 'grapheme-ascii' })
  await fc.assert(
    fc.asyncProperty(
      fc.array(secretText, { minLength: 1, maxLength: 5 }),
      fc.string(),
      async (texts, around) => {
        const redact = await compileRedaction(texts.map((text) => new Secret(text)))
        for (const text of texts) {
          const bytes = Buffer.from(text)
          for (const form of [
            text,
            text.toUpperCase(),
            text.toLowerCase(),
            encodeURIComponent(text),
            encodeURIComponent(text).replaceAll('%20', '+'),
            bytes.toString('hex'),
            bytes.toString('hex').toUpperCase(),
            bytes.toString('base64').replace(/=+$/, ''),
            bytes.toString('base64url'),
            // In JSON within the text.
            JSON.stringify(text),
          ]) {
            const line = redact(JSON.stringify({ text: `${around}${form}${around}` }))
            assert.ok(!(JSON.parse(line) as { text: string }).text.includes(form))
            assert.ok(!redactPlain(`${around}${form}${around}`, redact).includes(form))
          }
        }
      },
    ),
  )
})

test('strikes out the password of a URL that is a secret', async () => {
  const redact = await compileRedaction([new Secret('redis://user:pass%2Fword-0123@redis:6379/0')])
  for (const shown of [
    'pass%2Fword-0123',
    'pass/word-0123',
    'redis://user:pass%2Fword-0123@redis:6379/0',
  ]) {
    assert.equal(redact(`{"a":"${shown}"}`), '{"a":"[redacted]"}')
  }
  assert.equal(redact('{"a":"redis:6379"}'), '{"a":"redis:6379"}')
})

describe('takes for a token', () => {
  const tokens = [
    'eyJhbGciOiJIUzI1NiJ9.eyJ1aWQiOjF9.c2lnbmF0dXJl',
    'q2w8e4r6t1y3u5i7o9p0a2s4d6f8g1h3',
    'da39a3ee5e6b4b0d3255bfef95601890afd80709',
    'YiHQXw1sUkAJEcCMEt7QAo3UgbWzPXcJ',
  ]
  for (const token of tokens) {
    test(token, () => {
      assert.ok(!redactTokenShapes(`before ${token} after`).includes(token))
      assert.ok(!redactTokenShapes(`/V1/products/a%2F${token}%2Fb`).includes(token))
      assert.ok(!redactTokenShapes(`search%253D${token}`).includes(token))
    })
  }
  test('what follows an authorization scheme', () => {
    assert.equal(redactTokenShapes('Bearer abc'), 'Bearer [redacted]')
  })
})

test('takes no SKU for a token', () => {
  for (const sku of [
    '24-MB01',
    'BLACK-LEATHER-JACKET-SIZE-XL-2024-EDITION',
    '4006381333931',
    'A%2FB',
  ]) {
    assert.equal(redactTokenShapes(sku), sku)
  }
})

test('names that callers choose are not kept in memory, however long they are', async () => {
  const isCredential = compileCredentialNames()
  const longNames = () => {
    for (let number = 0; number < 100; number += 1) {
      assert.equal(isCredential(`${number}${'x'.repeat(1_000_000)}`), false)
    }
  }
  await collectGarbage()
  const before = process.memoryUsage().heapUsed
  longNames()
  await collectGarbage()
  assert.ok(process.memoryUsage().heapUsed - before < 50_000_000)
  assert.ok(isCredential('a token'))
})

describe('of a body does not show', () => {
  const show = compileBodyRedaction(compileCredentialNames(['taxvat']), (line) => line)
  const shown = (value: unknown) => show(Buffer.from(JSON.stringify(value)), 1_000)
  const names = [
    ...['password', 'current_password', 'newPassword', 'password_hash', 'passwd', 'pwd'],
    ...['passphrase', 'otp', 'secret', 'clientSecret', 'credentials', 'Authorization', 'bearer'],
    ...['token', 'rp_token', 'access-token', 'apiKey', 'API-Key', 'access_key', 'private_key'],
    ...['cookie', 'sessionId', 'confirmation', 'payment_method_nonce', 'signature', 'hash'],
    ...['cc_number', 'cc_num', 'cardNumber', 'card_no', 'pan', 'cc_cid', 'cvv', 'cvc2', 'pin'],
    ...['security_code', 'iban', 'accountNumber', 'echeck_routing_number'],
  ]
  for (const name of [...names, 'taxvat', 'tax_vat']) {
    test(`the value of ${name}, in a member or beside its name`, () => {
      assert.equal(shown({ a: [{ [name]: { b: 1 } }] }), `{"a":[{"${name}":"[redacted]"}]}`)
      for (const holder of ['attribute_code', 'attributeCode', 'code', 'field', 'key', 'name']) {
        for (const value of ['value', 'values']) {
          const pair = { [holder]: name, [value]: 'x' }
          assert.equal(shown([pair]), JSON.stringify([{ ...pair, [value]: '[redacted]' }]))
        }
      }
    })
  }

  test('but what is no credential', () => {
    for (const name of [
      'sku',
      'email',
      'company',
      'shipping',
      'cc_type',
      'customer_id',
      'my_taxvat',
    ]) {
      assert.equal(shown({ [name]: 'x' }), JSON.stringify({ [name]: 'x' }))
      const pair = { attribute_code: name, value: 'x' }
      assert.equal(shown(pair), JSON.stringify(pair))
    }
  })
})

describe('a body is shown to a bounded depth', () => {
  const show = compileBodyRedaction(
    (name) => name === 'token',
    (line) => line,
  )
  const nest = (levels: number, inner: string) => '['.repeat(levels) + inner + ']'.repeat(levels)
  const shown = (text: string) => show(Buffer.from(text), 1_000)

  test('so that what lies deeper is hidden', () => {
    assert.equal(
      shown(nest(99, '{"token":"planted","a":1}')),
      nest(99, '{"token":"[redacted]","a":1}'),
    )
    assert.equal(shown(nest(100, '{"a":1}')), nest(100, '"[redacted]"'))
  })

  test('however deep JSON within its strings is', () => {
    const inner = JSON.stringify(nest(8_000, '1'))
    assert.equal(shown(nest(100, inner)), nest(100, '"\\"[redacted]\\""'))
    const long = JSON.stringify('['.repeat(100_000))
    assert.equal(shown(`[${long}]`), '["[redacted]"]')
    const twice = nest(64, JSON.stringify(nest(35, inner)))
    assert.match(shown(twice), /^\[+"\[+.*redacted.*\]+"\]+$/)
  })
})

test('a card number is struck out behind a control character, also in JSON within a string', async () => {
  const show = compileBodyRedaction(() => false, await compileRedaction([]))
  const text = 'a note:\n4111111111111111\t'
  const shown = 'a note:\n[redacted]\t'
  for (const [body, expected] of [
    [{ text }, { text: shown }],
    [{ text: JSON.stringify({ text }) }, { text: JSON.stringify({ text: shown }) }],
    [
      { text: JSON.stringify([JSON.stringify([text])]) },
      { text: JSON.stringify([JSON.stringify([shown])]) },
    ],
  ]) {
    assert.equal(show(Buffer.from(JSON.stringify(body)), 1_000), JSON.stringify(expected))
  }
})

test('a line stays JSON, whatever is struck out next to its escapes', async () => {
  const secret = 'bnrt-f00d-u0041-secret'
  const redact = await compileRedaction([new Secret(secret)], { emails: true })
  const forms = [secret, `l${secret}`, 'fr@b.example'].flatMap((text) => {
    const bytes = Buffer.from(text)
    return [text, bytes.toString('base64'), bytes.toString('hex')]
  })
  const piece = fc.oneof(
    fc.constantFrom('\n', '\t', '\r', '\b', '\f', '\u0001', '\u001b', '\\', '"', 'u00'),
    fc.constantFrom(...forms).chain((form) => fc.nat(3).map((from) => form.slice(from))),
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 6 }), (pieces) => {
      const line = JSON.stringify({ a: pieces.join(''), b: 1 })
      assert.equal((JSON.parse(redact(line)) as { b: number }).b, 1)
    }),
    { numRuns: 2_000 },
  )
})

describe('a line stays JSON, and no string of it is joined to what follows it, beside a secret that', () => {
  const cases: [string, string, string][] = [
    ['ends with a quote', 'some-long-secret"', 'some-long-secret'],
    ['begins with a quote', '":some-long-secret', ':some-long-secret'],
    ['ends with a backslash', 'some-long-secret\\', 'some-long-secret"'],
    ['looks like the line', 'text","b":"another', 'text'],
  ]
  for (const [name, secret, text] of cases) {
    test(name, async () => {
      const redact = await compileRedaction([new Secret(secret)])
      const line = JSON.stringify({ a: text, b: 'another', [text]: 1 })
      assert.deepEqual(JSON.parse(redact(line)), { a: text, b: 'another', [text]: 1 })
      const leaking = JSON.stringify({ a: `${text}${secret}`, b: secret.toUpperCase() })
      assert.deepEqual(JSON.parse(redact(leaking)), { a: `${text}[redacted]`, b: '[redacted]' })
      assert.equal(redactPlain(`"${secret}"`, redact), '"[redacted]"')
    })
  }
})

test('a body is not cut within a character: strict readers would refuse a record with half of one', () => {
  const show = compileBodyRedaction(
    () => false,
    (line) => line,
  )
  const body = Buffer.from('["a😀b"]')
  assert.equal(show(body, 4), '["a\ufffd…')
  assert.equal(show(body, 5), '["a😀…')
})

test('of a body of more than a mebibyte only the length is shown, which takes no time', () => {
  let looks = 0
  const show = compileBodyRedaction(
    () => {
      looks += 1
      return false
    },
    (line) => line,
  )
  const [before, after] = ['{"sku":"a","text":"', '"}']
  const longest = 'x'.repeat(1_048_576 - before.length - after.length)
  assert.equal(show(Buffer.from(before + longest + after), 18), '{"sku":"a","text":…')
  const looksBefore = looks
  assert.equal(show(Buffer.from(`${before}x${longest}${after}`), 18), '[1048577 bytes]')
  assert.equal(looks, looksBefore)
})

describe('of a query shows', () => {
  const cases: [string, string][] = [
    ['fields=items[sku],total_count', 'fields=items[sku],total_count'],
    [
      'searchCriteria%5BpageSize%5D=20&searchCriteria[current_page]=2',
      'searchCriteria[pageSize]=20&searchCriteria[current_page]=2',
    ],
    [
      'searchCriteria[filterGroups][0][filters][0][field]=email',
      'searchCriteria[filterGroups][0][filters][0][field]=email',
    ],
    [
      'searchCriteria[filter_groups][0][filters][0][value]=a@b.c',
      'searchCriteria[filter_groups][0][filters][0][value]=[redacted]',
    ],
    ['token=x&unheard', '[redacted]&[redacted]'],
    ['fields=a"b', 'fields=[redacted]'],
    ['fields=4Y-mjhs6WU8BmCmO4IX6iXH-4c-cGPa4', 'fields=[redacted]'],
    ['fields=mjhs6WU8BmCmO4IX6iXH4ccGPa4xKd', 'fields=[redacted]'],
    [
      'fields=items[extension_attributes_2,street2]',
      'fields=items[extension_attributes_2,street2]',
    ],
  ]
  for (const [query, shown] of cases) test(query, () => assert.equal(redactQuery(query), shown))

  test('only the first of very many parameters, so that no record is far longer than its request', () => {
    const shown = redactQuery(`fields=a${'&'.repeat(16_000)}`).split('&')
    assert.deepEqual([shown.length, shown[0], shown.at(-1)], [257, 'fields=a', '[redacted]'])
  })
})

describe('of a path shows', () => {
  function granted(target: string, route: string, variables: Record<string, string>) {
    const request = requestContext({ target })
    request.route = route
    request.routeVariables = new Map(Object.entries(variables))
    return redactPath(request)
  }
  test('the variables of a granted route', () => {
    const shown = granted('/rest/all/V1/products/A%2FB', 'GET /V1/products/:sku', { sku: 'A%2FB' })
    assert.equal(shown, '/rest/all/V1/products/A%2FB')
  })
  test('only the first of very many segments, where no route is granted', () => {
    const shown = redactPath(requestContext({ target: `/rest/V1${'/%41'.repeat(4_000)}` }))
    assert.equal(shown, `/rest/V1${'/[redacted]'.repeat(64)}`)
  })
  test('no variable that is a credential', () => {
    const route = 'GET /V1/customers/:customerId/password/resetLinkToken/:resetPasswordLinkToken'
    const shown = granted('/rest/V1/customers/7/password/resetLinkToken/abc', route, {
      customerId: '7',
      resetPasswordLinkToken: 'abc',
    })
    assert.equal(shown, '/rest/V1/customers/7/password/resetLinkToken/[redacted]')
  })
  test('nothing that looks like a token, whatever its variable is called', () => {
    const sku = 'q2w8e4r6t1y3u5i7o9p0a2s4d6f8g1h3'
    const shown = granted(`/rest/V1/products/${sku}`, 'GET /V1/products/:sku', { sku })
    assert.equal(shown, '/rest/V1/products/[redacted]')
  })
  test('no id of a guest’s cart, which opens it', () => {
    const target = '/rest/V1/guest-carts/YiHQXwsUkAJEcCMEtQAoUgbWzPXcJabc/items'
    const shown = '/rest/V1/guest-carts/[redacted]/items'
    const variables = { cartId: 'YiHQXwsUkAJEcCMEtQAoUgbWzPXcJabc' }
    assert.equal(granted(target, 'GET /V1/guest-carts/:cartId/items', variables), shown)
    assert.equal(redactPath(requestContext({ target })), shown)
  })
  test('no id of what else belongs to a guest', () => {
    const route = 'GET /V1/guest-giftregistry/:id/items'
    const target = '/rest/V1/guest-giftregistry/short7/items'
    const shown = granted(target, route, { id: 'short7' })
    assert.equal(shown, '/rest/V1/guest-giftregistry/[redacted]/items')
  })
  test('only words and numbers of a path that was not granted', () => {
    const target = '/rest/V1/customers/42/pw-5ecr3t/resetLinkToken'
    assert.equal(
      redactPath(requestContext({ target })),
      '/rest/V1/customers/42/[redacted]/resetLinkToken',
    )
  })
  test('nothing of a target that was not understood', () => {
    assert.equal(redactPath(requestContext({ target: '/secret' })), undefined)
  })
})
