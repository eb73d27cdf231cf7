import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { explainRecord, type RecordCase } from '../../../src/cli/explain/explain-record.ts'
import { findRecord } from '../../../src/cli/explain/find-record.ts'
import { Unreadable } from '../../../src/cli/explain/unreadable.ts'
import { loadConfig } from '../../../src/config.ts'
import { writeConfig } from '../../support/config-directory.ts'
import { acme, gatewaySettings, globex, startGateway, testEnv } from '../../support/gateway.ts'
import { send } from '../../support/http-client.ts'
import { shared, temporaryFolder } from '../../support/shared.ts'
import { signers, signersGateway, signingEnv } from '../../support/signing-integrations.ts'
import { type ClientParts, canonicalOf, hmac, sent } from './signing-client.ts'

const canonical = {
  ...acme,
  credentials: {
    token: 'env:ACME_TOKEN',
    signature: { scheme: 'canonical', secrets: [{ id: 'k1', value: 'env:ACME_HMAC_SECRET' }] },
  },
}
const body = {
  ...acme,
  name: 'body',
  credentials: { ...acme.credentials, token: 'env:BODY_TOKEN' },
}
const integrations = [
  canonical,
  body,
  globex,
  ...signers.filter(({ name }) => name === 'message' || name === 'legacy'),
]
const env = { ...testEnv, ...signingEnv, BODY_TOKEN: 'body-token-0123456789' }

const { gateway: listening } = signersGateway
const options = { magentoUrl: 'http://127.0.0.1:1', gateway: listening, integrations, env }
const gateway = await shared(startGateway(options))
await using files = await writeConfig({
  gateway: gatewaySettings(options, 'var/audit.jsonl'),
  integrations: Object.fromEntries(integrations.map((each) => [each.name, each])),
})
const config = await loadConfig(files.path, env)

/** The write of these tests, on a path and with a query that the audit shows. */
const now = () => ({
  ...sent,
  timestamp: String(Math.floor(Date.now() / 1000)),
  path: '/rest/V1/magefine/inventaire',
  query: 'fields=sku',
})

/** Sends a request with whatever signature; resolves with the id of its record. */
async function sendSigned(
  parts: ClientParts,
  signature: string,
  token: string = env.ACME_TOKEN,
): Promise<string> {
  const { headers } = await send(gateway.url, {
    method: parts.method,
    path: `${parts.path}${parts.query === '' ? '' : `?${parts.query}`}`,
    headers: {
      Authorization: `Bearer ${token}`,
      'Content-Type': 'application/json',
      'X-Timestamp': parts.timestamp,
      'X-Nonce': parts.nonce,
      'X-Signature': signature,
    },
    body: parts.body,
  })
  return String(headers['x-request-id'])
}

async function explain(requestId: string, additions: Partial<RecordCase> = {}) {
  const record = await gateway.recordOf(requestId)
  const { lines, isVerified } = explainRecord(config, {
    integration: 'acme-erp',
    record,
    target: undefined,
    body: undefined,
    clientString: undefined,
    ...additions,
  })
  return { text: lines.join('\n'), isVerified }
}

describe('out of the audit alone', () => {
  test('finds what the client did to the path or the query', async () => {
    const parts = now()
    const id = await sendSigned(parts, hmac(canonicalOf({ ...parts, query: '?fields=sku' })))
    const { text, isVerified } = await explain(id)
    assert.ok(!isVerified)
    assert.match(text, /result +refused: X-Signature does not verify/)
    assert.match(text, /> +6 {2}gateway {2}fields=sku\n> +6 {2}client {3}\?fields=sku\n/)
    assert.match(text, /cause +the client signed the query with its \?\nkey +k1\n/)
    assert.match(text, /clock +the client's time is [01] s (?:behind|ahead of) /)
  })

  test('a request that was verified is told from one that was not', async () => {
    const parts = now()
    const id = await sendSigned(parts, hmac(canonicalOf(parts)))
    assert.deepEqual((await explain(id)).isVerified, true)
    assert.match((await explain(id)).text, /verified, by k1/)
    assert.equal((await gateway.recordOf(id)).signature, undefined)
  })

  test('a time out of bounds is told', async () => {
    const parts = { ...now(), timestamp: '1000000000' }
    const { text } = await explain(await sendSigned(parts, hmac(canonicalOf(parts))))
    assert.match(text, /refused: X-Timestamp is \d+ s behind/)
  })

  test('asks for what the record does not hold', async () => {
    const parts = { ...now(), path: sent.path }
    const id = await sendSigned(
      parts,
      hmac(canonicalOf({ ...parts, path: '/rest/V1/products/A/B' })),
    )
    const { text } = await explain(id)
    assert.match(text, /5 {2}gateway {2}\/rest\/V1\/products\/\[redacted\]/)
    assert.match(text, /not found: .*\n.*path and query by --target, the body by --body-file/)
  })

  test('scheme body needs the body', async () => {
    const id = await sendSigned(now(), hmac(`${sent.body}\n`), env.BODY_TOKEN)
    assert.match((await explain(id, { integration: 'body' })).text, /the body by --body-file/)
  })
})

describe('with what the client sends', () => {
  test('the target', async () => {
    const parts = { ...now(), path: sent.path }
    const id = await sendSigned(
      parts,
      hmac(canonicalOf({ ...parts, path: '/rest/V1/products/A/B' })),
    )
    const { text } = await explain(id, { target: `${parts.path}?${parts.query}` })
    assert.match(text, /> +5 {2}client {3}\/rest\/V1\/products\/A\/B\n/)
    assert.match(text, /signed the path decoded/)
  })

  test('the target of a search, of whose filters the record has the names', async () => {
    const query = 'searchCriteria%5Bfilter_groups%5D%5B0%5D%5Bfilters%5D%5B0%5D%5Bvalue%5D=L%27Or'
    const parts = { ...now(), query }
    const signed = { ...parts, query: query.replace('%27', "'") }
    const id = await sendSigned(parts, hmac(canonicalOf(signed)))
    const { text } = await explain(id, { target: `${parts.path}?${query}` })
    assert.match(text, /signed the query with ' for the %27 that it sent/)
    const { text: other } = await explain(id, { target: `${parts.path}?${signed.query}` })
    assert.match(other, /signed the path and query of --target, and others arrived/)
  })

  test('the body', async () => {
    const parts = now()
    const id = await sendSigned(parts, hmac(canonicalOf({ ...parts, body: `${parts.body}\n` })))
    const { text } = await explain(id, { body: Buffer.from(parts.body) })
    assert.match(text, /body with a line feed at its end/)
  })

  test('a body that was changed in transit', async () => {
    const parts = now()
    const body = parts.body.replace('A/B', 'A/C')
    const id = await sendSigned(parts, hmac(canonicalOf({ ...parts, body })))
    const { text } = await explain(id, { body: Buffer.from(body) })
    assert.match(text, /signed the body that it says it sent, and another arrived/)
    assert.match(text, /> +7 {2}client/)
  })

  test('a body of scheme body', async () => {
    const id = await sendSigned(now(), hmac(`${sent.body}\n`), env.BODY_TOKEN)
    const { text } = await explain(id, { integration: 'body', body: Buffer.from(sent.body) })
    assert.match(text, /body with a line feed at its end/)
  })

  test('a target does not matter to scheme body', async () => {
    const id = await sendSigned(now(), hmac(`${sent.body}\n`), env.BODY_TOKEN)
    const added = { target: '/rest/V1/magefine/inventaire', body: Buffer.from(sent.body) }
    const { text } = await explain(id, { integration: 'body', ...added })
    assert.match(text, /body with a line feed at its end/)
  })

  test('a target that is another one is refused', async () => {
    const id = await sendSigned(now(), hmac(''))
    const other = { target: '/rest/V1/orders/1' }
    await assert.rejects(explain(id, other), /--target is not the path and query of the record/)
    await assert.rejects(explain(id, { target: '/x' }), /--target: The path must begin/)
  })
})

describe('of a base string shows what the record may hold', () => {
  async function refused(headers: Record<string, string>) {
    const { headers: answer } = await send(gateway.url, {
      path: '/rest/V1/orders?fields=sku',
      headers,
    })
    return String(answer['x-request-id'])
  }
  const seconds = Math.floor(Date.now() / 1000)

  test('of scheme rfc9421', async () => {
    const covered = '("@method" "@authority" "@path" "@query" "user-agent")'
    const input = `${covered};created=${seconds};expires=${seconds + 60};nonce="nonce-0123456789"`
    const id = await refused({
      'User-Agent': 'planted-in-user-agent',
      'Signature-Input': `sig1=${input};keyid="message-1"`,
      Signature: `sig1=:${Buffer.alloc(32).toString('base64')}:`,
    })
    const { text } = await explain(id, { integration: 'message' })
    assert.match(text, /refused: the signature does not verify\n/)
    assert.match(text, /2 {2}gateway {2}"@authority": gateway\.example\n/)
    assert.match(text, /4 {2}gateway {2}"@query": \?fields=sku\n.*"user-agent": \[redacted\]\n/)
    assert.match(text, /explain the request as a curl/)
  })

  test('of scheme oauth1', async () => {
    const parameters = {
      oauth_consumer_key: signingEnv.CONSUMER_KEY,
      oauth_token: signingEnv.ACCESS_TOKEN,
      oauth_signature_method: 'HMAC-SHA256',
      oauth_timestamp: String(seconds),
      oauth_nonce: 'nonce-0123456789',
      oauth_signature: encodeURIComponent(Buffer.alloc(32).toString('base64')),
    }
    const fields = Object.entries(parameters).map(([name, value]) => `${name}="${value}"`)
    const id = await refused({ Authorization: `OAuth ${fields.join(', ')}` })
    const { text } = await explain(id, { integration: 'legacy' })
    assert.match(text, /refused: oauth_signature does not verify\n/)
    assert.match(text, /2 {2}gateway {2}https%3A%2F%2Fgateway.example%2Frest%2FV1%2Forders\n/)
    assert.match(text, /oauth_consumer_key%3D\[redacted\]\n/)
  })
})

test('a request of another integration is refused', async () => {
  const id = await sendSigned(now(), hmac(''))
  await assert.rejects(explain(id, { integration: 'body' }), /of the integration acme-erp/)
})

test('what another policy refused is told, and what is wrong with the signature besides', async () => {
  const parts = now()
  const signed = hmac(canonicalOf({ ...parts, query: '?fields=sku' }))
  const { text } = await explain(await sendSigned(parts, signed, 'unknown-token-0123456789'))
  assert.match(text, /refused by credential: no known integration is claimed\n/)
  assert.match(text, /cause +the client signed the query with its \?\nkey +k1\n/)
})

describe('finds the record', () => {
  const line = (requestId: string, reason: string) =>
    `${JSON.stringify({ v: 1, time: '2026-01-01T00:00:00.000Z', requestId, reason })}\n`

  test('in the file, and in those that rotation put aside', async () => {
    const file = join(await temporaryFolder(), 'audit.jsonl')
    await writeFile(`${file}.20260101T000000000Z`, line('request-1', 'old') + line('request-2', ''))
    await writeFile(
      `${file}.20260102T000000000Z`,
      `{"requestId":"request-1\n${line('request-1', 'a')}`,
    )
    await writeFile(file, line('request-3', 'first') + line('request-3', 'last'))
    assert.equal((await findRecord(file, 'request-1')).reason, 'a')
    assert.equal((await findRecord(file, 'request-2')).reason, '')
    assert.equal((await findRecord(file, 'request-3')).reason, 'last')
    await assert.rejects(findRecord(file, 'request-4'), Unreadable)
  })

  test('of the request, and not of the job that it became', async () => {
    const file = join(await temporaryFolder(), 'audit.jsonl')
    const end = { requestId: 'request-1', event: 'job-ended', reason: 'job done' }
    await writeFile(
      file,
      `${line('request-1', 'accepted')}${JSON.stringify({ v: 1, time: '2026-01-01T00:01:00.000Z', ...end })}\n`,
    )
    assert.equal((await findRecord(file, 'request-1')).reason, 'accepted')
  })

  test('or says that there is no file', async () => {
    await assert.rejects(findRecord('/nonexistent/audit.jsonl', 'x'), /cannot be read: ENOENT/)
    await assert.rejects(findRecord('/proc/audit.jsonl', 'x'), /there is no audit trail/)
  })
})
