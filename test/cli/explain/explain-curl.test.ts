import assert from 'node:assert/strict'
import { before, describe, test } from 'node:test'
import { explainCurl } from '../../../src/cli/explain/explain-curl.ts'
import { type Config, loadConfig } from '../../../src/config.ts'
import { writeConfig } from '../../support/config-directory.ts'
import { acme, gatewaySettings, globex, testEnv } from '../../support/gateway.ts'
import { canonicalOf, curlOf, hmac, sent, signedAt } from './signing-client.ts'

const secrets = [
  { id: 'k1', value: 'env:ACME_HMAC_SECRET' },
  { id: 'k2', value: 'env:ACME_HMAC_SECRET_NEXT', notAfter: '2026-11-01T00:00:00Z' },
]
const other = 'other-hmac-secret-0123456'
let config: Config

before(async () => {
  const signing = (name: string, signature: object) => ({
    ...acme,
    name,
    credentials: { ...acme.credentials, signature },
  })
  await using files = await writeConfig({
    gateway: gatewaySettings({ magentoUrl: 'http://127.0.0.1:1' }, 'var/audit.jsonl'),
    integrations: {
      canonical: signing('canonical', { scheme: 'canonical', secrets }),
      body: {
        ...signing('body', { scheme: 'body', secrets }),
        credentials: { token: 'env:BODY_TOKEN', signature: { scheme: 'body', secrets } },
      },
      other: {
        ...globex,
        name: 'other',
        credentials: {
          signature: { scheme: 'canonical', secrets: [{ id: 'o1', value: 'env:OTHER' }] },
        },
      },
      globex,
    },
  })
  config = await loadConfig(files.path, {
    ...testEnv,
    OTHER: other,
    BODY_TOKEN: 'body-token-0123456789',
  })
})

function explain(
  integration: 'canonical' | 'body',
  line: string,
  { clientString, at = signedAt }: { clientString?: string; at?: string } = {},
) {
  const { lines, isVerified, unshown } = explainCurl(config, {
    integration,
    line,
    atMs: Date.parse(at),
    clientString: clientString === undefined ? undefined : Buffer.from(clientString),
  })
  return { text: lines.join('\n'), isVerified, unshown }
}

test('says that a signature verifies, and by which key', () => {
  const { text, isVerified } = explain('canonical', curlOf(hmac(canonicalOf())))
  assert.ok(isVerified)
  assert.match(text, /result +verifies, by k1/)
  assert.match(text, /5 {2}gateway {2}\/rest\/V1\/products\/A%2FB\n/)
  assert.match(text, /clock +the client's time is 0 s behind 2026-11-24T12:00:00.000Z/)
  assert.ok(!text.includes('cause'))
})

describe('scheme canonical: finds what the client did', () => {
  const lines = canonicalOf().split('\n')
  const base64 = (hex: string) => Buffer.from(hex, 'hex').toString('base64')
  // Signature, the cause that is told, and the line that is marked, if the strings differ.
  const mistakes: Record<string, [signature: string, causes: RegExp[], line?: number]> = {
    'decoded the path': [hmac(canonicalOf({ path: '/rest/V1/products/A/B' })), [/path decoded/], 5],
    'encoded the path again': [
      hmac(canonicalOf({ path: '/rest/V1/products/A%252FB' })),
      [/path percent-encoded once more/],
      5,
    ],
    'wrote escapes in lower case': [
      hmac(canonicalOf({ path: '/rest/V1/products/A%2fB' })),
      [/path with escapes in lower case/],
      5,
    ],
    'left out /rest': [hmac(canonicalOf({ path: '/V1/products/A%2FB' })), [/without \/rest/], 5],
    'sorted the query': [
      hmac(canonicalOf({ query: 'a[]=x%2Fy&fields=sku' })),
      [/query with its parameters sorted/],
      6,
    ],
    'encoded the query': [
      hmac(canonicalOf({ query: 'fields=sku&a%5B%5D=x%2Fy' })),
      [/query encoded as a form/],
      6,
    ],
    'signed the question mark': [hmac(canonicalOf({ query: `?${sent.query}` })), [/its \?/], 6],
    'left the query out': [hmac(canonicalOf({ query: '' })), [/left the query out/], 6],
    'wrote the method in lower case': [hmac(canonicalOf({ method: 'post' })), [/lower case/], 4],
    'signed milliseconds': [
      hmac(canonicalOf({ timestamp: `${sent.timestamp}000` })),
      [/time in milliseconds/],
      2,
    ],
    'added a line feed to the body': [
      hmac(canonicalOf({ body: `${sent.body}\n` })),
      [/body with a line feed at its end/],
      7,
    ],
    'serialized the body as JavaScript does': [
      hmac(canonicalOf({ body: '{"sku":"A/B","name":"Café"}' })),
      [/JSON\.stringify/],
      7,
    ],
    'serialized the body as PHP does': [
      hmac(canonicalOf({ body: String.raw`{"sku":"A\/B","name":"Caf\u00e9"}` })),
      [/json_encode of PHP/],
      7,
    ],
    'serialized the body as Python does': [
      hmac(canonicalOf({ body: String.raw`{"sku": "A/B", "name": "Caf\u00e9"}` })),
      [/json\.dumps of Python/],
      7,
    ],
    'sorted the keys of the body': [
      hmac(canonicalOf({ body: '{"name":"Café","sku":"A/B"}' })),
      [/its keys sorted/],
      7,
    ],
    'signed before there was a body': [hmac(canonicalOf({ body: '' })), [/empty body/], 7],
    'ended the last line': [hmac(`${canonicalOf()}\n`), [/line feed after the last line/], 8],
    'joined lines by CR LF': [hmac(lines.join('\r\n')), [/joined the lines by CR LF/], 1],
    'wrote \\n in single quotes': [hmac(lines.join('\\n')), [/backslash and an n/], 1],
    'left out the version': [hmac(lines.slice(1).join('\n')), [/first line, magegate-v1/], 1],
    'wrote the digest in capitals': [
      hmac([...lines.slice(0, 6), lines[6]?.toUpperCase()].join('\n')),
      [/digest of the body in capitals/],
      7,
    ],
    'signed the body alone': [hmac(sent.body), [/body alone, as scheme body has it/]],
    'sent base64': [base64(hmac(canonicalOf())), [/signature in base64, and not in hex/]],
    'used the secret with a line feed': [
      hmac(canonicalOf(), `${testEnv.ACME_HMAC_SECRET}\n`),
      [/secret with a line feed/],
    ],
    'used the token': [hmac(canonicalOf(), testEnv.ACME_TOKEN), [/its token in the place/]],
    'used no secret': [hmac(canonicalOf(), ''), [/an empty secret/]],
    'used the secret of another integration': [
      hmac(canonicalOf(), other),
      [/a secret of the integration other/],
    ],
    'made two mistakes': [
      hmac(canonicalOf({ path: '/rest/V1/products/A/B', body: `${sent.body}\n` })),
      [/path decoded/, /body with a line feed/],
      5,
    ],
  }
  for (const [name, [signature, causes, line]] of Object.entries(mistakes)) {
    test(name, () => {
      const { text, isVerified } = explain('canonical', curlOf(signature))
      assert.ok(!isVerified)
      const told = [...text.matchAll(/^cause +(the client .*)$/gm)].map(([, cause]) => cause ?? '')
      assert.equal(told.length, causes.length, text)
      for (const [index, cause] of causes.entries()) assert.match(told[index] ?? '', cause)
      const marked = /^> +(\d+) {2}gateway .*\n> +\1 {2}client /m.exec(text)?.[1]
      assert.equal(marked, line === undefined ? undefined : String(line), text)
    })
  }
})

test('names an apostrophe that a URL parser encodes', () => {
  for (const [signed, query, cause] of [
    ["name=L'Or", 'name=L%27Or', "with ' for the %27"],
    ['name=L%27Or', "name=L'Or", "with %27 for the '"],
  ] as const) {
    const line = curlOf(hmac(canonicalOf({ query: signed })), { query })
    assert.ok(explain('canonical', line).text.includes(cause))
  }
})

test('a time out of bounds is told from a wrong string', () => {
  const at = '2026-11-24T12:06:40Z'
  const { text, isVerified } = explain('canonical', curlOf(hmac(canonicalOf())), { at })
  assert.ok(!isVerified)
  assert.match(text, /refused: X-Timestamp is 400 s behind/)
  assert.match(text, /string and secret are right/)
  assert.match(text, /clock +.* 400 s behind .*; 300 s are allowed: too far/)
})

test('a time in milliseconds is told', () => {
  const timestamp = `${sent.timestamp}123`
  const line = curlOf(hmac(canonicalOf({ timestamp })), { timestamp })
  assert.match(explain('canonical', line).text, /X-Timestamp is in milliseconds/)
})

test('a secret past its end is told from a wrong one', () => {
  const line = curlOf(hmac(canonicalOf(), testEnv.ACME_HMAC_SECRET_NEXT))
  const { text } = explain('canonical', line)
  assert.match(text, /refused: secret k2 is past its notAfter/)
  assert.match(text, /key +k2/)
})

test('where no mistake fits, a wrong secret and a changed body are what is left', () => {
  const { text } = explain('canonical', curlOf('0'.repeat(64)))
  assert.match(
    text,
    /no usual mistake fits: a wrong secret, or the body .* was\n.*changed in transit/,
  )
})

describe("the client's own string", () => {
  const foreign = canonicalOf({ query: 'somethingElse=1' })

  test('shows the first line that differs', () => {
    const { text } = explain('canonical', curlOf(hmac(foreign)), { clientString: `${foreign}\n` })
    assert.match(text, /> +6 {2}gateway {2}fields=sku.*\n> +6 {2}client {3}somethingElse=1\n/)
    assert.match(text, /line 6, the query, differs[\s\S]*key +k1/)
  })

  test('that is the same leaves the secret', () => {
    const line = curlOf(hmac(canonicalOf(), 'unknown-secret-01234'))
    const { text } = explain('canonical', line, { clientString: canonicalOf() })
    assert.match(text, /a wrong secret: the strings are equal/)
  })

  test('that is not what was signed is told', () => {
    const { text } = explain('canonical', curlOf('0'.repeat(64)), { clientString: foreign })
    assert.match(text, /line 6, the query, differs\n.*no secret here fits/)
  })
})

describe('scheme body', () => {
  const token = 'body-token-0123456789'
  const curl = (signature: string) => curlOf(signature).replace(testEnv.ACME_TOKEN, token)

  test('verifies', () => {
    const { text, isVerified } = explain('body', curl(hmac(sent.body)))
    assert.ok(isVerified)
    assert.match(text, /scheme body signs no time/)
  })

  const mistakes: Record<string, [signature: string, cause: RegExp]> = {
    'a line feed': [hmac(`${sent.body}\n`), /body with a line feed at its end/],
    'another serialization': [hmac('{"sku":"A/B","name":"Café"}'), /JSON\.stringify/],
    'the canonical string': [hmac(canonicalOf()), /string of scheme canonical/],
  }
  for (const [name, [signature, cause]] of Object.entries(mistakes)) {
    test(name, () => {
      const { text } = explain('body', curl(signature))
      assert.match(text, cause)
      // Its content may be anything, so only where it differs is shown.
      assert.match(text, /first difference at byte \d+/)
      assert.ok(!text.includes('Café'))
    })
  }
})

test('says when the request is of another integration, and has its token not shown', () => {
  const line = curlOf(hmac(sent.body))
  const { text, unshown } = explain('body', line)
  assert.match(text, /its token is not the one of this integration/)
  assert.ok(unshown.includes(testEnv.ACME_TOKEN))
  const named = line.replace(/Authorization: [^']*/, 'X-Integration-Id: globex-pim')
  assert.match(explain('body', named).text, /names another integration\n.* presents no token/)
  const byVariable = line.replace(`${testEnv.ACME_TOKEN}'`, `'"$TOKEN"`)
  assert.doesNotMatch(explain('body', byVariable).text, /^also/m)
})

test('says that a target is refused before its signature is looked at', () => {
  const { text, isVerified } = explain('canonical', 'curl https://gateway.example/rest/V1/a//b')
  assert.ok(!isVerified)
  assert.match(text, /refused as bad-request-target: The path has an empty segment/)
})

test('says that a request is refused before its signature is looked at, although that verifies', () => {
  const line = curlOf(hmac(canonicalOf()))
  assert.ok(explain('canonical', line).isVerified)
  const twice = `${line} -H 'X-Timestamp: ${sent.timestamp}'`
  const { text, isVerified } = explain('canonical', twice)
  assert.ok(!isVerified)
  assert.match(text, /refused as bad-request: The header x-timestamp occurs more than once/)
})
