import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { writeConfig } from '../support/config-directory.ts'
import { gatewaySettings } from '../support/gateway.ts'
import { startedProcess } from '../support/gateway-process.ts'
import { type ClientRequest, send } from '../support/http-client.ts'
import { answerWith, startRawUpstream } from '../support/raw-upstream.ts'
import { shared, temporaryFolder } from '../support/shared.ts'

/*
 * Secrets at random places of random requests, in random encodings, against a gateway that shows the
 * bodies of requests and answers in its trail.
 */

const env = { TOKEN: 'canary-token-2f7c91d0', MAGENTO: 'canary-magento-8be3a1' }
const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'
const route = 'POST /V1/canary/:sku'

const folder = await temporaryFolder()
const upstream = await shared(
  startRawUpstream((socket, request) => {
    // What the caller sent comes back, so that it stands in the answer too.
    const body = request.slice(request.indexOf('\r\n\r\n') + 4)
    answerWith(socket, { headers: { 'Content-Type': 'application/json' }, body })
  }),
)
await using files = await writeConfig({
  gateway: gatewaySettings(
    { magentoUrl: upstream.url, gateway: { audit: { redact: { emails: true } } } },
    join(folder, 'audit.jsonl'),
  ),
  integrations: {
    canary: {
      name: 'canary',
      credentials: { token: 'env:TOKEN' },
      upstream: { bearer: 'env:MAGENTO' },
      policies: {
        routes: [route],
        auditDetails: {
          [route]: { skus: [':sku', '/sku'], requestBody: 65_536, answerBody: 65_536 },
        },
      },
    },
  },
})
const gateway = await startedProcess(['start', '--config', files.path], env)

const word = (min: number, max: number) =>
  fc.string({ minLength: min, maxLength: max, unit: fc.constantFrom(...alphabet) })

/** A number that passes for one of a card: fifteen digits and the one that checks them. */
const cardNumber = fc
  .array(fc.integer({ min: 0, max: 9 }), { minLength: 14, maxLength: 14 })
  .map((rest) => {
    const digits = [4, ...rest]
    const sum = digits.reduceRight((total, digit, index) => {
      const doubled = (digits.length - index) % 2 === 1 ? digit * 2 : digit
      return total + (doubled > 9 ? doubled - 9 : doubled)
    }, 0)
    return [...digits, (10 - (sum % 10)) % 10].join('')
  })

/** What is recognised by its shape, wherever it stands. */
const shaped = fc.oneof(
  fc.constantFrom(...Object.values(env)),
  fc
    .tuple(word(12, 30), word(12, 40), word(20, 43))
    .map(([header, claims, signature]) => `eyJ${header}.${claims}.${signature}`),
  cardNumber,
  fc.tuple(word(5, 12), word(5, 12)).map(([name, host]) => `${name}@${host}.example`),
)

type Encode = (text: string) => string
const encodings: readonly Encode[] = [
  (text) => text,
  encodeURIComponent,
  (text) => [...Buffer.from(text)].map((byte) => `%${byte.toString(16)}`).join(''),
  (text) => Buffer.from(text).toString('base64'),
  (text) => Buffer.from(text).toString('base64url'),
]
const encoded = fc.tuple(shaped, fc.constantFrom(...encodings)).map(([secret, encode]) => ({
  secret,
  written: encode(secret),
}))

const credentialNames = [
  'password',
  'pass_word',
  'passWord',
  'Api-Key',
  'rp_token',
  'ccNumber',
  'OTP',
]
/** What is no secret but by the name of its member. */
const named = fc.tuple(fc.constantFrom(...credentialNames), word(16, 30))

interface Planted {
  readonly secrets: readonly string[]
  readonly request: ClientRequest
}

const json = (body: unknown) => ({ body: JSON.stringify(body) })
/** Wraps a value so many objects and arrays deep. */
function nest(value: unknown, depth: number): unknown {
  return depth === 0 ? value : nest(depth % 2 === 0 ? { inner: value } : [value], depth - 1)
}

const planted: fc.Arbitrary<Planted> = fc.oneof(
  fc.tuple(encoded, fc.integer({ min: 1, max: 12 })).map(([{ secret, written }, depth]) => ({
    secrets: [secret, written],
    request: json({ deep: nest({ note: `so ${written} it is` }, depth) }),
  })),
  fc.tuple(named, fc.integer({ min: 1, max: 12 })).map(([[name, secret], depth]) => ({
    secrets: [secret],
    request: json({ deep: nest({ [name]: secret }, depth) }),
  })),
  named.map(([name, secret]) => ({
    secrets: [secret],
    request: json({ custom_attributes: [{ attribute_code: name, value: secret }] }),
  })),
  named.map(([name, secret]) => ({
    secrets: [secret],
    request: json({ text: JSON.stringify({ [name]: { inner: secret } }) }),
  })),
  encoded.map(({ secret, written }) => ({
    secrets: [secret, written],
    request: json({ [written]: 1, sku: written }),
  })),
  encoded.map(({ secret, written }) => ({
    secrets: [secret, written],
    request: { path: `/rest/V1/canary/${encodeURIComponent(written)}`, ...json({}) },
  })),
  encoded.map(({ secret, written }) => ({
    secrets: [secret, written],
    request: {
      path: `/rest/V1/canary/A?${encodeURIComponent(written)}=1&fields=${encodeURIComponent(written)}`,
      ...json({}),
    },
  })),
  fc
    .tuple(
      encoded,
      fc.constantFrom('User-Agent', 'Referer', 'X-Api-Key', 'Cookie', 'X-Request-Id', 'Accept'),
    )
    .map(([{ secret, written }, name]) => ({
      secrets: [secret, written],
      request: { headers: { [name]: written }, ...json({}) },
    })),
)

test('no planted secret appears in any output, wherever it was sent and however it was encoded', async () => {
  const secrets = new Set<string>()
  const answers: string[] = []
  let requests = 0
  await fc.assert(
    fc.asyncProperty(planted, async ({ secrets: own, request }) => {
      requests += 1
      for (const secret of own) secrets.add(secret)
      const { status, headers, body } = await send(gateway.url, {
        method: 'POST',
        path: '/rest/V1/canary/A',
        ...request,
        headers: {
          Authorization: `Bearer ${env.TOKEN}`,
          'Content-Type': 'application/json',
          ...request.headers,
        },
      })
      // What Magento answers passes unchanged.
      if (status !== 200) answers.push(JSON.stringify([headers, body]))
    }),
    { numRuns: 400 },
  )
  const metrics = await (await fetch(`${gateway.adminUrl}/metrics`)).text()
  const { stdout, stderr } = await gateway.stop()
  const audit = await readFile(join(folder, 'audit.jsonl'), 'utf8')
  assert.equal(audit.trimEnd().split('\n').length, requests)
  const sinks = { audit, metrics, stdout, stderr, answers: answers.join('\n') }
  for (const secret of secrets) {
    for (const [name, text] of Object.entries(sinks)) {
      assert.ok(!text.includes(secret), `${secret} came out in ${name}`)
    }
  }
  // The search itself works: what is not secret is found.
  assert.ok(audit.includes('it is'))
  assert.ok(audit.includes('"requestBody":"{\\"deep\\"'))
})
