import assert from 'node:assert/strict'
import { createHmac, randomBytes, randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { writeConfig } from '../support/config-directory.ts'
import { gatewaySettings } from '../support/gateway.ts'
import { startedProcess } from '../support/gateway-process.ts'
import { send, sendRaw } from '../support/http-client.ts'
import { answerWith, startRawUpstream } from '../support/raw-upstream.ts'
import { temporaryFolder } from '../support/shared.ts'

/*
 * Fifty distinct secrets are planted wherever a caller, the configuration or Magento can put one;
 * none may come out of the gateway anywhere: not in the audit trail, not in its log, not in a
 * metric, not in an answer of its own.
 */

let planted: string[] = []

/** A new secret, in one of the shapes that tokens come in. */
function plant(): string {
  const bytes = randomBytes(24)
  const shapes = [
    bytes.toString('hex').slice(0, 32),
    bytes.toString('base64url'),
    `eyJhbGciOiJIUzI1NiJ9.${bytes.toString('base64url')}.${randomBytes(16).toString('base64url')}`,
    `pw-${bytes.toString('hex')}`,
  ]
  const secret = shapes[planted.length % shapes.length] ?? ''
  planted.push(secret)
  return secret
}

/** Every form in which a secret would still be one. */
function formsOf(secret: string): string[] {
  const bytes = Buffer.from(secret)
  return [
    secret,
    secret.toUpperCase(),
    encodeURIComponent(secret),
    bytes.toString('base64').replaceAll('=', ''),
    bytes.toString('base64url'),
    bytes.toString('hex'),
  ]
}

test('no planted secret comes out anywhere', async () => {
  planted = []
  const env = {
    TOKEN: plant(),
    HMAC: plant(),
    CANONICAL_TOKEN: plant(),
    CANONICAL_HMAC: plant(),
    NEXT_HMAC: plant(),
    MAGENTO: plant(),
    BARE_TOKEN: plant(),
    REDIS: `redis://:${plant()}@127.0.0.1:1/0`,
  }
  const routes = [
    'GET /V1/products/:sku',
    'POST /V1/products',
    'PUT /V1/customers/:customerId/password/resetLinkToken/:resetPasswordLinkToken',
    'GET /V1/customers/:customerId/password/resetLinkToken/:resetPasswordLinkToken',
  ]
  // Magento's side breaks in ways whose text holds secrets.
  const upstreamSecret = plant()
  await using upstream = await startRawUpstream((socket, request) => {
    if (request.includes('/products/broken')) socket.write(`HTTP/1.1 2${upstreamSecret}\r\n\r\n`)
    else if (request.includes('/products/page')) {
      const headers = { 'Content-Type': 'text/html' }
      answerWith(socket, { status: '500 E', headers, body: `<h1>${upstreamSecret}</h1>` })
    } else if (request.includes('/products/gone')) socket.destroy()
    else {
      const headers = { 'Set-Cookie': `PHPSESSID=${upstreamSecret}` }
      answerWith(socket, { headers, body: 'ok' })
    }
  })
  const folder = await temporaryFolder()
  const auditFile = join(folder, 'audit.jsonl')
  await using files = await writeConfig({
    gateway: gatewaySettings(
      { magentoUrl: upstream.url, gateway: { store: { redis: 'env:REDIS' } } },
      auditFile,
    ),
    integrations: {
      signed: {
        name: 'signed',
        credentials: {
          token: 'env:TOKEN',
          signature: {
            scheme: 'body',
            secrets: [
              { id: 'k1', value: 'env:HMAC' },
              { id: 'k2', value: 'env:NEXT_HMAC' },
            ],
          },
        },
        upstream: { bearer: 'env:MAGENTO' },
        policies: {
          ipAllowlist: ['127.0.0.1'],
          routes,
          rateLimit: { rate: '1000/s', burst: 1000 },
        },
      },
      canonical: {
        name: 'canonical',
        credentials: {
          token: 'env:CANONICAL_TOKEN',
          signature: {
            scheme: 'canonical',
            secrets: [{ id: 'k1', value: 'env:CANONICAL_HMAC' }],
          },
        },
        upstream: { bearer: 'env:MAGENTO' },
        policies: { routes },
      },
      bare: {
        name: 'bare',
        credentials: { token: 'env:BARE_TOKEN' },
        upstream: { bearer: 'env:MAGENTO' },
        policies: { routes, requestSchema: { 'POST /V1/products': 'product.json' } },
      },
    },
    schemas: {
      'product.json': {
        type: 'object',
        additionalProperties: false,
        properties: { password: { type: 'string', maxLength: 4 }, sku: { const: 'x' } },
      },
    },
  })
  const gateway = await startedProcess(['start', '--config', files.path], env)
  const answers: string[] = []
  const call = async (request: Parameters<typeof send>[1]) => {
    const answer = await send(gateway.url, request)
    answers.push(JSON.stringify(answer))
  }
  const bare = { Authorization: `Bearer ${env.BARE_TOKEN}` }
  const json = { ...bare, 'Content-Type': 'application/json' }

  // In headers of any casing, on requests that are let through and on ones that are refused.
  const names = [
    'authorization',
    'AUTHORIZATION',
    'Cookie',
    'X-Api-Key',
    'x-magento-token',
    'User-Agent',
  ]
  for (const name of [
    ...names,
    'X-Signature',
    'X-Integration-Id',
    'Referer',
    'Accept',
    'X-Request-Id',
    'TraceParent',
  ]) {
    await call({ headers: { [name]: plant() } })
    await call({ headers: { ...bare, ...(/^auth/i.test(name) ? {} : { [name]: plant() }) } })
  }
  await call({
    headers: { Authorization: `Bearer ${plant()}`, 'User-Agent': `curl/8.0 (${plant()})` },
  })
  await call({
    headers: { Authorization: `Basic ${Buffer.from(`user:${plant()}`).toString('base64')}` },
  })
  await call({
    headers: { ...json, 'Content-Type': `text/${plant()}` },
    method: 'POST',
    path: '/rest/V1/products',
    body: '{}',
  })

  // In the query: as a value, as a name, encoded, in a filter.
  await call({ headers: bare, path: `/rest/V1/products/x?token=${plant()}&fields=sku` })
  await call({ headers: bare, path: `/rest/V1/products/x?${plant()}=1` })
  for (let shape = 0; shape < 4; shape += 1) {
    await call({ headers: bare, path: `/rest/V1/products/x?fields=${plant()}` })
  }
  await call({
    headers: bare,
    path: `/rest/V1/products/x?searchCriteria[filterGroups][0][filters][0][value]=${plant()}`,
  })
  await call({ path: `/rest/V1/products/x?access_token=${plant()}` })

  // In the path: granted, not granted, malformed.
  await call({ headers: bare, path: `/rest/V1/customers/1/password/resetLinkToken/${plant()}` })
  await call({ headers: bare, path: `/rest/V1/unknown/${plant()}` })
  await call({ headers: bare, path: `/rest/V1/products/${env.MAGENTO}` })
  await call({ path: `/rest/V1/${plant()}` })
  await call({ path: `/rest/V1//${plant()}` })
  await call({ path: `/${plant()}/rest/V1/products?x=${plant()}` })

  // In bodies: well-formed, violating the schema, duplicate, broken, of another type.
  const post = (body: string) =>
    call({ method: 'POST', path: '/rest/V1/products', headers: json, body })
  await post(JSON.stringify({ password: plant() }))
  await post(JSON.stringify({ sku: plant() }))
  await post(JSON.stringify({ [plant()]: 1 }))
  await post(`{"a":"${plant()}","a":1}`)
  await post(`{"a":"${plant()}"`)
  const body = JSON.stringify({ password: plant() })
  const signature = createHmac('sha256', env.HMAC).update(body).digest('hex')
  await call({
    method: 'POST',
    path: '/rest/V1/products',
    headers: {
      Authorization: `Bearer ${env.TOKEN}`,
      'X-Signature': signature,
      'Content-Type': 'application/json',
    },
    body,
  })

  // Where a signature does not verify, and the record holds what it should have been of.
  const unverified = () => ({
    Authorization: `Bearer ${env.CANONICAL_TOKEN}`,
    'X-Timestamp': String(Math.floor(Date.now() / 1000)),
    'X-Nonce': randomUUID(),
    'X-Signature': createHmac('sha256', plant()).update('').digest('hex'),
  })
  for (const path of [
    `/rest/V1/products/${plant()}`,
    `/rest/V1/products/${env.CANONICAL_HMAC}?fields=${env.MAGENTO}`,
    `/rest/V1/customers/1/password/resetLinkToken/${plant()}?fields=${plant()}`,
    `/rest/V1/products?token=${plant()}&${plant()}=1`,
    `/rest/V1/products?searchCriteria[filterGroups][0][filters][0][value]=${plant()}`,
  ]) {
    await call({ headers: unverified(), path })
  }
  await call({ headers: { ...unverified(), 'X-Signature': randomBytes(32).toString('base64') } })
  await call({ headers: { ...unverified(), 'X-Signature': plant() } })
  const right = unverified()
  right['X-Signature'] = createHmac('sha256', env.HMAC).update('').digest('hex')
  planted.push(right['X-Signature'])
  await call({ headers: { ...right, Authorization: `Bearer ${env.TOKEN}` }, path: '/rest/V1/x' })

  // In what breaks: bytes that are no HTTP, an answer of Magento that is none, an error page.
  answers.push(await sendRaw(gateway.url, `${plant()} ${plant()}\r\nX: ${plant()}\r\n\r\n`))
  for (const sku of ['broken', 'page', 'gone']) {
    await call({ headers: bare, path: `/rest/V1/products/${sku}` })
  }
  const metrics = await (await fetch(`${gateway.adminUrl}/metrics`)).text()
  const output = await gateway.stop()
  const audit = await readFile(auditFile, 'utf8')

  assert.ok(planted.length >= 50, `${planted.length} planted`)
  assert.equal(new Set(planted).size, planted.length)
  assert.equal(audit.trimEnd().split('\n').length, answers.length)
  const sinks = {
    answers: answers.join('\n'),
    audit,
    metrics,
    stdout: output.stdout,
    stderr: output.stderr,
  }
  for (const [index, secret] of planted.entries()) {
    for (const form of formsOf(secret)) {
      for (const [name, content] of Object.entries(sinks)) {
        assert.ok(!content.includes(form), `secret ${index} came out in ${name}`)
      }
    }
  }
  // The search itself works: what is not secret is found.
  assert.ok(audit.includes('"integration":"bare"'))
  assert.ok(audit.includes('"computed":"magegate-v1'))
  assert.ok(metrics.includes('integration="bare"'))
  assert.ok(output.stderr.includes('redis is away'))
})
