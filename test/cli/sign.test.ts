import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { startGateway, testEnv } from '../support/gateway.ts'
import { main } from '../support/gateway-process.ts'
import { runHosted } from '../support/hosted-command.ts'
import { send } from '../support/http-client.ts'
import { startMagento } from '../support/magento-for-tests.ts'
import { shared, temporaryFolder } from '../support/shared.ts'
import {
  ed25519PrivatePem,
  publicUrl,
  signersGateway,
  signingEnv,
} from '../support/signing-integrations.ts'

const magento = await shared(startMagento())
const gateway = await shared(startGateway({ magentoUrl: magento.url, ...signersGateway }))

const env = { ...testEnv, ...signingEnv, PRIVATE_KEY: ed25519PrivatePem }

const signers = {
  canonical: ['--secret', 'env:CANONICAL_SECRET', '--token', 'env:CANONICAL_TOKEN'],
  body: ['--scheme', 'body', '--secret', 'env:ACME_HMAC_SECRET', '--token', 'env:ACME_TOKEN'],
  'rfc9421, hmac-sha256': [
    ...['--scheme', 'rfc9421', '--secret', 'env:MESSAGE_SECRET', '--key-id', 'message-1'],
  ],
  'rfc9421, ed25519': [
    ...['--scheme', 'rfc9421', '--secret', 'env:PRIVATE_KEY', '--key-id', 'message-2'],
  ],
  oauth1: [
    ...['--scheme', 'oauth1', '--consumer-key', 'env:CONSUMER_KEY'],
    ...['--consumer-secret', 'env:CONSUMER_SECRET', '--access-token', 'env:ACCESS_TOKEN'],
    ...['--access-token-secret', 'env:ACCESS_TOKEN_SECRET'],
  ],
}

describe('prints headers that the gateway accepts', () => {
  for (const [name, args] of Object.entries(signers)) {
    test(name, async () => {
      const path = '/rest/V1/products/A%2FB?fields=sku'
      const { stdout, stderr, exitCode } = await runHosted(['sign', ...args, publicUrl + path], env)
      assert.equal(exitCode, 0, stderr)
      const headers = Object.fromEntries(
        stdout
          .trimEnd()
          .replace(/\$(\w+)/, (_, name: keyof typeof env) => env[name])
          .split('\n')
          .map((line) => line.split(/: (.*)/s).slice(0, 2)),
      )
      const answer = await send(gateway.url, { path, headers })
      assert.equal(answer.status, 200, answer.body)
    })
  }
})

test('signs the body with oauth1 too, which an integration may need', async () => {
  const [legacy] = signersGateway.integrations.filter(({ name }) => name === 'legacy')
  assert.ok(legacy)
  const signature = { ...legacy.credentials.signature, requireBodyHash: true }
  const integrations = [{ ...legacy, credentials: { signature } }]
  await using strict = await startGateway({
    ...signersGateway,
    magentoUrl: magento.url,
    integrations,
  })
  const path = '/rest/V1/magefine/inventaire'
  const body = '{"sku":"24-MB01","qty":1}'
  const args = ['sign', ...signers.oauth1, '--body', body, publicUrl + path]
  const { stdout } = await runHosted(args, env)
  const authorization = /^Authorization: (.*)$/m.exec(stdout)?.[1] ?? ''
  const headers = { Authorization: authorization, 'Content-Type': 'application/json' }
  const { headers: answered } = await send(strict.url, { method: 'POST', path, headers, body })
  assert.equal((await strict.recordOf(answered['x-request-id'])).integration, 'legacy')
})

test('takes a secret from a process substitution of the shell', async () => {
  const url = `${publicUrl}/rest/V1/products/A`
  const args = `sign --scheme body --secret file:<(printf %s "$ACME_HMAC_SECRET") --token env:ACME_TOKEN`
  const { stdout } = await promisify(execFile)(
    'bash',
    ['-c', `'${process.execPath}' '${main}' ${args} '${url}'`],
    { env: { ...process.env, ...env } },
  )
  const fromEnv = await runHosted(['sign', ...signers.body, url], env)
  assert.equal(stdout, fromEnv.stdout)
})

test('prints a curl command that works, and holds neither secret nor token', async () => {
  for (const [path, expected] of [
    ['/rest/V1/products/A%2FB?fields=sku', /^\{"sku":"A\\\/B"\}$/],
    // curl alone would take the brackets for a range.
    ['/rest/V1/products/A%2FB?fields=sku,extension_attributes[website_ids]', /website_ids/],
  ] as const) {
    const url = `${gateway.url}${path}`
    const { stdout, exitCode } = await runHosted(['sign', ...signers.canonical, '--curl', url], env)
    assert.equal(exitCode, 0)
    assert.ok(!stdout.includes(env.CANONICAL_SECRET) && !stdout.includes(env.CANONICAL_TOKEN))
    const answer = await new Promise<string>((resolve) => {
      execFile('bash', ['-c', stdout], { env: { ...process.env, ...env } }, (_, out) =>
        resolve(out),
      )
    })
    assert.match(answer, expected)
  }
})

test('prints a curl command that sends exactly the body that was signed', async () => {
  const echo = createServer((request, response) => void request.pipe(response))
  await once(echo.listen(0, '127.0.0.1'), 'listening')
  const url = `http://127.0.0.1:${(echo.address() as AddressInfo).port}/rest/V1/x`
  const cwd = await temporaryFolder()
  await writeFile(join(cwd, '-'), 'in the file')
  const run = promisify(execFile)
  for (const [option, value, body] of [
    ['--body', '@-', '@-'],
    ['--body', "@it's $HOME\n`id`\\", "@it's $HOME\n`id`\\"],
    ['--body-file', '-', 'in the file'],
  ] as const) {
    const args = ['sign', ...signers.body, option, value, '--curl', url]
    const { stdout: command } = await run(process.execPath, [main, ...args], { cwd, env })
    const { stdout: sent } = await run('bash', ['-c', `${command} < /dev/null`], { cwd })
    assert.equal(sent, body)
  }
  echo.close()
})

test('prints the headers of a write, whose body may come from a file', async () => {
  const file = fileURLToPath(new URL('../../package.json', import.meta.url))
  const { stdout } = await runHosted(
    ['sign', ...signers.canonical, '--body-file', file, 'https://gateway.example/rest/V1/x'],
    env,
  )
  assert.match(
    stdout,
    /^Authorization: Bearer \$CANONICAL_TOKEN\nContent-Type: application\/json\nX-Timestamp: \d+\nX-Nonce: [0-9a-f]{32}\nX-Signature: [0-9a-f]{64}\n$/,
  )
})

test('says which option it cannot use', async () => {
  const url = 'http://a/b'
  const rfc9421 = ['sign', '--scheme', 'rfc9421', '--secret']
  const cases: [string[], RegExp][] = [
    [
      ['sign', '--secret', 'plain', '--token', 'env:ACME_TOKEN', url],
      /--secret: expected a reference, env/,
    ],
    [
      ['sign', '--secret', 'env:NOWHERE', url],
      /--secret: expected the environment variable NOWHERE/,
    ],
    [
      ['sign', '--secret', 'file:/dev/null', '--token', 'env:ACME_TOKEN', url],
      /--secret: expected a secret of at least 1 characters in file:/,
    ],
    [
      [...['sign', ...signers.canonical], '--body-file', '/nowhere', url],
      /--body-file: expected a readable file \(ENOENT\)/,
    ],
    [['sign', '--secret', 'env:ACME_TOKEN', url], /--token REFERENCE or --integration NAME/],
    [
      ['sign', '--secret', 'env:ACME_TOKEN', '--integration', '', url],
      /--integration must be a na/,
    ],
    [['sign', '--secret', 'env:ACME_TOKEN', '--integration', 'a\nb: c', url], /--integration must/],
    [
      ['sign', '--secret', 'env:ACME_TOKEN', '--token', 'env:A-B', url],
      /--token: expected a variable that a shell can name/,
    ],
    [['sign', ...signers.canonical, 'http://a/b c'], /the URL must be absolute/],
    [['sign', ...signers.canonical, '--method', 'put', url], /--method must be a method in cap/],
    [
      [...['sign', ...signers.canonical], '--body', '1', '--body-file', 'README.md', url],
      /--body and --body-file cannot be used together/,
    ],
    [
      ['sign', ...signers.canonical, '--scheme', 'rot13', url],
      /--scheme must be one of body, canon/,
    ],
    [[...rfc9421, 'env:MESSAGE_SECRET', url], /--key-id names the key/],
    [
      [...rfc9421, 'env:MESSAGE_PUBLIC_KEY', '--key-id', 'k', url],
      /--secret is no private key in PEM/,
    ],
    [['sign', ...signers.oauth1.slice(0, -2), url], /--access-token-secret: expected a ref/],
    [
      ['sign', ...signers.oauth1, '--token', 'env:ACME_TOKEN', url],
      /--token cannot be used with oauth1/,
    ],
    [['sign', ...signers.oauth1, 'http://a/b?c=1&c=2'], /OAuth cannot sign this URL/],
  ]
  for (const [args, expected] of cases) {
    const { exitCode, stderr } = await runHosted(args, { ...env, 'A-B': env.ACME_TOKEN })
    assert.equal(exitCode, 1, stderr)
    assert.match(stderr, expected)
  }
  assert.equal((await runHosted(['sign', ...signers.canonical], env)).exitCode, 2)
})

test('names a file with the token so that a shell finds it, and refuses a token itself', async () => {
  const file = join(await temporaryFolder(), "the shop's token")
  await writeFile(file, `${env.CANONICAL_TOKEN}\n`)
  const sign = (token: string) =>
    runHosted(
      [
        ...['sign', '--secret', 'env:CANONICAL_SECRET', '--token', token],
        ...['--curl', `${gateway.url}/rest/V1/products/A%2FB?fields=sku`],
      ],
      env,
    )
  const { stdout } = await sign(`file:${file}`)
  const answer = await new Promise<string>((resolve) => {
    execFile('bash', ['-c', stdout], (_, out) => resolve(out))
  })
  assert.equal(answer, '{"sku":"A\\/B"}')
  await rm(file)
  for (const token of [env.CANONICAL_TOKEN, 'env:NOT_SET', `file:${file}`]) {
    const refused = await sign(token)
    assert.equal(refused.exitCode, 1)
    assert.match(refused.stderr, /^sign: --token: expected /)
    assert.ok(!`${refused.stdout}${refused.stderr}`.includes(env.CANONICAL_TOKEN))
  }
})
