import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { canonicalRequest } from '../../src/authenticate/canonical-request.ts'

const page = await readFile(new URL('../../docs/signing.md', import.meta.url), 'utf8')

test('the examples of docs/signing.md are what the gateway computes', () => {
  const blocks = [...page.matchAll(/```text\n([^`]+)\n```/g)].map(([, text]) => text)
  const secret = 'signing-example-secret-0001'
  const body = '{"sku":"A/B"}'
  const canonical = canonicalRequest({
    timestamp: '1795521600',
    nonce: 'b7f0c1d2e3a4958677',
    method: 'POST',
    path: '/rest/V1/products/A%2FB',
    query: 'fields=sku',
    body,
  })
  const signatureOf = (text: string) =>
    `X-Signature: ${createHmac('sha256', secret).update(text).digest('hex')}`
  assert.deepEqual(blocks, [canonical, signatureOf(canonical), signatureOf(body)])
  for (const used of [secret, body]) assert.ok(page.includes(`\`${used}\``))
})
