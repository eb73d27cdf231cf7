import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { describe, test } from 'node:test'
import { globex, startGateway } from '../support/gateway.ts'
import { type ClientAnswer, globexHeaders, problemOf, send } from '../support/http-client.ts'
import { startMagento } from '../support/magento-for-tests.ts'
import { shared } from '../support/shared.ts'
import { attackedRoutes, attacks } from './attacks.ts'

const json = { ...globexHeaders, 'Content-Type': 'application/json' }
const page = await readFile(new URL('../../docs/attacks.md', import.meta.url), 'utf8')
const documented = new Map(
  [...page.matchAll(/^\| ([^|]+?) +\|.*\[([a-z-]+)\]\(problems\.md#\2\)/gm)].map(
    ([, name, code]) => [name, code],
  ),
)

const magento = await shared(startMagento())
const gateway = await shared(
  startGateway({
    magentoUrl: magento.url,
    integrations: [
      { ...globex, policies: { routes: attackedRoutes } },
      {
        name: 'passthrough',
        credentials: {
          signature: {
            scheme: 'canonical',
            secrets: [{ id: 'k1', value: 'env:ACME_HMAC_SECRET' }],
          },
        },
        upstream: { passthrough: true },
        policies: { routes: attackedRoutes },
      },
    ],
  }),
)

describe('an attack is refused before it reaches Magento, as docs/attacks.md says', () => {
  for (const { name, request, code } of attacks) {
    test(name, async () => {
      const before = magento.received.length
      const answer = await send(gateway.url, request)
      assert.equal(problemOf(answer).code, code)
      assert.equal(magento.received.length, before, 'the request reached Magento')
      assert.equal(documented.get(name), code, 'the row of docs/attacks.md')
    })
  }
})

/** Why the request of an answer was refused, as the record has it. */
async function reasonOf({ headers }: ClientAnswer): Promise<string | undefined> {
  const records = await gateway.auditRecords(1)
  return records.find(({ requestId }) => requestId === headers['x-request-id'])?.reason
}

describe('an administrator’s token from an address that is not listed is refused', () => {
  const claims = (utypid: string) => Buffer.from(`{"uid":1,"utypid":${utypid}}`)
  // PHP decodes both alphabets of base64, skips white space and casts texts by the number that they begin with.
  const payloads: Record<string, string> = {
    'as Magento writes it': claims('2').toString('base64url'),
    'in base64 with padding': claims('2').toString('base64'),
    'in the other alphabet': Buffer.from('{"uid":1,"utypid":2,"a":"~~?"}').toString('base64'),
    'with padding within it': claims('2').toString('base64url').replace('V', 'V='),
    'with white space in it': claims('2').toString('base64url').replace('V', 'V\t'),
    'with a text for the number': claims('"2 "').toString('base64url'),
    'with a text that begins with the number': claims('"2x"').toString('base64url'),
    'with an escape, which Node may read differently':
      claims(String.raw`3,"a":"\u0061"`).toString('base64url'),
    'with an exponent': claims('"0.2e1"').toString('base64url'),
    'with a negative exponent': claims('"20e-1"').toString('base64url'),
    'with a fraction': claims('2.9').toString('base64url'),
    // Magento gives integrations no such tokens, but takes them.
    'as one of an integration': claims('1').toString('base64url'),
    'as one of an integration, with true for the number': claims('true').toString('base64url'),
    'as one of an integration, with a list for the number': claims('[3]').toString('base64url'),
  }
  const payload = claims('2').toString('base64url')
  const tokens: Record<string, string> = {
    ...Object.fromEntries(Object.entries(payloads).map(([name, each]) => [name, `e30.${each}.AA`])),
    'as JSON': JSON.stringify({ payload, protected: 'e30', signature: 'AA' }),
    'as JSON with several signatures': JSON.stringify({
      payload,
      signatures: [{ protected: 'e30', signature: 'AA' }],
    }),
    'with claims that are not encoded': `${Buffer.from('{"b64":false}').toString('base64url')}.${claims('2')}.AA`,
    'encrypted, so that nobody but Magento can tell': 'e30.AA.AA.AA.AA',
  }
  for (const [name, token] of Object.entries(tokens)) {
    test(name, async () => {
      const answer = await send(gateway.url, {
        headers: { Authorization: `Bearer ${token}`, 'X-Integration-Id': 'passthrough' },
      })
      assert.equal(problemOf(answer).code, 'unauthenticated')
      assert.match((await reasonOf(answer)) ?? '', /^token of an administrator/)
    })
  }
})

test('a token of a customer, and one of three parts that is none of Magento, are not taken for an administrator’s', async () => {
  for (const payload of ['{"uid":1,"utypid":3}', '{"uid":1,"utypid":"20"}', 'x\\y']) {
    const token = `e30.${Buffer.from(payload).toString('base64url')}.AAAA`
    const answer = await send(gateway.url, {
      headers: { Authorization: `Bearer ${token}`, 'X-Integration-Id': 'passthrough' },
    })
    assert.equal(problemOf(answer).code, 'unauthenticated')
    assert.doesNotMatch((await reasonOf(answer)) ?? '', /administrator/)
  }
})

for (const accepted of ['text/html,application/xml', 'text/*;q=0.9']) {
  test(`cookies, X-Requested-With and Accept: ${accepted} do not reach Magento`, async () => {
    await send(gateway.url, {
      headers: {
        ...globexHeaders,
        Cookie: 'PHPSESSID=x',
        'X-Requested-With': 'XMLHttpRequest',
        Accept: accepted,
      },
    })
    const headers = magento.received.at(-1)?.rawHeaders.map((text) => text.toLowerCase()) ?? []
    assert.ok(!headers.includes('cookie') && !headers.includes('x-requested-with'))
    assert.equal(headers[headers.indexOf('accept') + 1], 'application/json')
  })
}

describe('guessing is slowed down', () => {
  const guesses: Record<string, { path: string; body: (attempt: number) => object }> = {
    'the password of one account': {
      path: '/rest/V1/integration/customer/token',
      body: (attempt) => ({ username: 'a@shop.example', password: `guess-${attempt}` }),
    },
    'the password of one account, each time in another spelling and beside another name': {
      path: '/rest/V1/integration/customer/token',
      body: (attempt) => ({
        email: `decoy-${attempt}@shop.example`,
        username: `b@shop.example${' '.repeat(attempt)}`,
        password: 'guess',
      }),
    },
    'cards on one cart': {
      path: '/rest/V1/guest-carts/x/payment-information',
      body: (attempt) => ({ paymentMethod: { method: `card-${attempt}` } }),
    },
    'whether one address has an account': {
      path: '/rest/V1/customers/isEmailAvailable',
      body: (attempt) => ({ customerEmail: 'A@shop.example', websiteId: attempt }),
    },
  }
  for (const [name, { path, body }] of Object.entries(guesses)) {
    test(name, async () => {
      const codes: unknown[] = []
      for (let attempt = 0; attempt < 12; attempt += 1) {
        const text = JSON.stringify(body(attempt))
        const answer = await send(gateway.url, { method: 'POST', path, headers: json, body: text })
        codes.push(problemOf(answer).code)
        if (attempt === 11) assert.match(String(answer.headers['retry-after']), /^\d+$/)
      }
      assert.notEqual(codes[0], 'rate-limited')
      assert.equal(codes[11], 'rate-limited')
    })
  }
})

describe('what looks alike and is harmless passes', () => {
  const harmless: Record<string, { path: string; body: string }> = {
    'the same name in two spellings, in different objects': {
      path: '/rest/V1/customers',
      body: '{"customer":{"id":1},"other":{"_id":1}}',
    },
    'attribute codes that fold into one': {
      path: '/rest/V1/products',
      body: '{"product":{"custom_attributes":{"my_code":"a","mycode":"b"}}}',
    },
    'a directive in what only the shop writes': {
      path: '/rest/V1/products',
      body: '{"product":{"description":"{{media url=a.png}}"}}',
    },
    'an image of a product': {
      path: '/rest/V1/products',
      body: '{"product":{"content":{"base64_encoded_data":"iVBO"}}}',
    },
  }
  for (const [name, { path, body }] of Object.entries(harmless)) {
    test(name, async () => {
      await send(gateway.url, { method: 'POST', path, headers: json, body })
      assert.equal(magento.received.at(-1)?.body.toString(), body)
    })
  }
})
