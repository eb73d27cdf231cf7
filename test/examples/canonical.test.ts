import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { acme, startGateway, type TestGateway, testEnv } from '../support/gateway.ts'
import { runCommand } from '../support/gateway-process.ts'
import type { MagentoStandIn } from '../support/magento/stand-in.ts'
import { startMagento } from '../support/magento-for-tests.ts'

let magento: MagentoStandIn
let gateway: TestGateway
before(async () => {
  magento = await startMagento()
  gateway = await startGateway({
    magentoUrl: magento.url,
    integrations: [
      {
        ...acme,
        credentials: {
          token: acme.credentials.token,
          signature: { ...acme.credentials.signature, scheme: 'canonical' },
        },
      },
    ],
  })
})
after(async () => {
  await gateway[Symbol.asyncDispose]()
  await magento.close()
})

interface Ended {
  readonly code: number | string
  readonly stdout: string
}

function run(command: string, args: readonly string[], env: Readonly<Record<string, string>>) {
  const cwd = fileURLToPath(new URL('../../', import.meta.url))
  return new Promise<Ended>((resolve) => {
    execFile(command, args, { cwd, env: { PATH: process.env.PATH, ...env } }, (error, stdout) => {
      resolve({ code: error?.code ?? 0, stdout })
    })
  })
}

describe('a client of scheme canonical is let through, and with another secret refused', () => {
  const clients: [name: string, command: string, file: string][] = [
    ['curl and openssl', 'bash', 'examples/curl/canonical.sh'],
    ['PHP', 'php', 'examples/php/canonical.php'],
    ['Node', process.execPath, 'examples/node/canonical.js'],
    ['Python', 'python3', 'examples/python/canonical.py'],
  ]
  for (const [name, command, file] of clients) {
    test(name, async () => {
      const env = { GATEWAY_URL: gateway.url, INTEGRATION_TOKEN: testEnv.ACME_TOKEN }
      const good = await run(command, [file], { ...env, HMAC_SECRET: testEnv.ACME_HMAC_SECRET })
      assert.equal(good.code, 0, good.stdout)
      assert.match(good.stdout, /"success":true/)
      assert.equal(magento.stock('24-MB01'), 42)
      const bad = await run(command, [file], { ...env, HMAC_SECRET: 'another-secret-0123456789' })
      assert.notEqual(bad.code, 0)
      assert.match(bad.stdout, /unauthenticated/)
    })
  }
})

describe('the command sign', () => {
  const env = { SECRET: testEnv.ACME_HMAC_SECRET, TOKEN: testEnv.ACME_TOKEN }
  const signArgs = (...more: string[]) => [
    'sign',
    '--secret',
    'env:SECRET',
    '--token',
    'env:TOKEN',
    ...more,
  ]

  test('prints a curl command that works, and holds neither secret nor token', async () => {
    const url = `${gateway.url}/rest/V1/products/A%2FB?fields=sku`
    const { stdout, exitCode } = await runCommand(signArgs('--curl', url), env)
    assert.equal(exitCode, 0)
    assert.ok(!stdout.includes(env.SECRET) && !stdout.includes(env.TOKEN))
    assert.match((await run('bash', ['-c', stdout], env)).stdout, /^\{"sku":"A\\\/B"\}$/)
  })

  test('prints the headers of a write, whose body may come from a file', async () => {
    const file = fileURLToPath(new URL('../../package.json', import.meta.url))
    const { stdout } = await runCommand(
      signArgs('--body-file', file, 'https://gateway.example/rest/V1/x'),
      env,
    )
    assert.match(
      stdout,
      /^Authorization: Bearer \$TOKEN\nContent-Type: application\/json\nX-Timestamp: \d+\nX-Nonce: [0-9a-f]{32}\nX-Signature: [0-9a-f]{64}\n$/,
    )
  })

  test('says which option it cannot use', async () => {
    const cases: [string[], RegExp][] = [
      [
        ['sign', '--secret', 'plain', '--token', 'env:TOKEN', 'http://a/b'],
        /--secret is no reference/,
      ],
      [['sign', '--secret', 'env:SECRET', 'http://a/b'], /--token REFERENCE or --integration NAME/],
      [signArgs('not a url'), /the URL must be absolute/],
      [signArgs('--scheme', 'rot13', 'http://a/b'), /--scheme is body or canonical/],
    ]
    for (const [args, expected] of cases) {
      const { exitCode, stderr } = await runCommand(args, env)
      assert.equal(exitCode, 1)
      assert.match(stderr, expected)
    }
  })
})
