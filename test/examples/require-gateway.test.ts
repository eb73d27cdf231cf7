import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { boundToThisProcess } from '../support/bound-process.ts'
import { freePort } from '../support/free-port.ts'
import { globex, startGateway } from '../support/gateway.ts'
import { globexHeaders, send } from '../support/http-client.ts'
import { temporaryFolder } from '../support/shared.ts'

const guard = fileURLToPath(new URL('../../examples/php/require-gateway.php', import.meta.url))
const secret = 'upstream-secret-0123456789-0123456789'
const authority = 'shop.example'

/**
 * PHP's own server, with the guard in front of a page that says what it got.
 * @param secrets the variables that hold the secrets it takes
 */
async function startPhp(
  scheme: string,
  secrets: Readonly<Record<string, string>> = { GATEWAY_SIGNATURE_SECRET: secret },
) {
  const folder = await temporaryFolder()
  await writeFile(
    join(folder, 'index.php'),
    `<?php header('Content-Type: application/json');
     echo json_encode([$_SERVER['REQUEST_METHOD'], $_SERVER['REQUEST_URI'], file_get_contents('php://input')]);`,
  )
  const port = await freePort()
  const args = ['-d', `auto_prepend_file=${guard}`, '-S', `127.0.0.1:${port}`, '-t', folder]
  const php = spawn(...boundToThisProcess('php', args), {
    env: {
      PATH: process.env.PATH,
      ...secrets,
      GATEWAY_SIGNATURE_SCHEME: scheme,
      PUBLIC_AUTHORITY: authority,
    },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  // It says so when it listens.
  await once(php.stderr, 'data')
  php.stderr.resume()
  return {
    url: `http://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: async () => {
      php.kill()
      await once(php, 'close')
    },
  }
}

const body = '{"product":{"sku":"24-MB01"}}'
const write = { method: 'POST', path: '/rest/V1/products', body }
const json = { 'Content-Type': 'application/json' }

for (const [scheme, settings] of Object.entries({
  rfc9421: { scheme: 'rfc9421', keyId: 'gateway-1', secret: 'env:UPSTREAM_SECRET' },
  body: { scheme: 'body', secret: 'env:UPSTREAM_SECRET' },
})) {
  const startGatewayBefore = (url: string) =>
    startGateway({
      magentoUrl: url,
      integrations: [globex],
      gateway: {
        magento: { url, publicUrl: `https://${authority}`, upstreamSignature: settings },
      },
      env: { UPSTREAM_SECRET: secret },
    })

  describe(`Magento's side, told to take nothing but what the gateway signed by ${scheme}`, () => {
    test('takes it, and refuses what comes around the gateway', async () => {
      await using php = await startPhp(scheme)
      await using gateway = await startGatewayBefore(php.url)
      const wrote = await send(gateway.url, {
        ...write,
        headers: {
          ...globexHeaders,
          ...json,
          // What callers sign is theirs, and a digest of theirs nobody has checked.
          'X-Signature': 'aa',
          Signature: 'sig1=:AAAA:',
          'Signature-Input': 'sig1=();created=1',
          'Content-Digest': 'sha-256=:AAAA:',
        },
      })
      assert.equal(wrote.status, 200, wrote.body)
      assert.deepEqual(JSON.parse(wrote.body), ['POST', write.path, body])
      const path = '/rest/V1/products/A%2FB?fields=sku'
      const read = await send(gateway.url, { path, headers: globexHeaders })
      assert.deepEqual(JSON.parse(read.body), ['GET', path, ''])
      for (const headers of [json, { ...json, 'X-Signature': '0'.repeat(64) }]) {
        assert.equal((await send(php.url, { ...write, headers })).status, 403)
      }
    })

    test('takes either secret while one is replaced by the other', async () => {
      const other = 'other-secret-0123456789-0123456789-01'
      const sendBy = async (secrets: Readonly<Record<string, string>>) => {
        await using php = await startPhp(scheme, secrets)
        await using gateway = await startGatewayBefore(php.url)
        const sent = { ...write, headers: { ...globexHeaders, ...json } }
        return (await send(gateway.url, sent)).status
      }
      const both = (present: string, next: string) => ({
        GATEWAY_SIGNATURE_SECRET: present,
        GATEWAY_SIGNATURE_NEXT_SECRET: next,
      })
      assert.equal(await sendBy(both(secret, other)), 200)
      assert.equal(await sendBy(both(other, secret)), 200)
      assert.equal(await sendBy(both(other, '')), 403)
      assert.equal(await sendBy(both('', '')), 403)
    })
  })
}
