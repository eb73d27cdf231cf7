import assert from 'node:assert/strict'
import { hash } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { writeConfig } from '../support/config-directory.ts'
import { acme, gatewaySettings, globex, testEnv } from '../support/gateway.ts'
import { runCommand } from '../support/gateway-process.ts'
import { runHosted } from '../support/hosted-command.ts'
import { shared, temporaryFolder } from '../support/shared.ts'
import { canonicalOf, curlOf, hmac, sent, signedAt } from './explain/signing-client.ts'

const directory = await shared(
  writeConfig({
    gateway: gatewaySettings({ magentoUrl: 'http://127.0.0.1:1' }, 'var/audit.jsonl'),
    integrations: {
      acme: {
        ...acme,
        credentials: {
          ...acme.credentials,
          signature: {
            scheme: 'canonical',
            secrets: [{ id: 'k1', value: 'env:ACME_HMAC_SECRET' }],
          },
        },
      },
      globex,
    },
  }),
)

function argsOf(options: readonly string[]) {
  const config = options.includes('--config') ? [] : ['--config', directory.path]
  const integration = options.includes('--integration') ? [] : ['--integration', 'acme-erp']
  return ['explain', ...config, ...integration, ...options]
}

function explain(input: string | Buffer, ...options: string[]) {
  return runHosted(argsOf(options), testEnv, input)
}

test('exits 0 for a signature that verifies and 1 for one that does not', async () => {
  const right = await explain(curlOf(hmac(canonicalOf())), '--at', signedAt)
  assert.deepEqual([right.exitCode, right.stderr], [0, ''])
  assert.match(right.stdout, /^acme-erp, scheme canonical: POST\nresult +verifies, by k1\n/)
  const wrong = await explain(curlOf(hmac('')), '--at', signedAt)
  assert.deepEqual([wrong.exitCode, wrong.stderr], [1, ''])
})

test('speaks of tokens in words that redaction leaves', async () => {
  const tokenless = await explain('curl https://gateway.example/rest/V1/products/x')
  assert.match(tokenless.stdout, /also +it presents no token, which this integration needs\n/)
  const mistaken = await explain(curlOf(hmac(canonicalOf(), testEnv.ACME_TOKEN)), '--at', signedAt)
  assert.match(mistaken.stdout, /cause +the client used its token in the place of the secret\n/)
})

test('uses the present time without --at', async () => {
  const timestamp = String(Math.floor(Date.now() / 1000))
  const line = curlOf(hmac(canonicalOf({ timestamp })), { timestamp })
  assert.equal((await explain(line)).exitCode, 0)
})

test('explains what sign prints', async () => {
  const url = 'https://gateway.example/rest/V1/products/A%2FB?fields=sku'
  const options = ['--secret', 'env:ACME_HMAC_SECRET', '--token', 'env:ACME_TOKEN', '--curl', url]
  const { stdout } = await runHosted(['sign', '--body', sent.body, ...options], testEnv)
  assert.match(stdout, /"\$ACME_TOKEN"/)
  const explained = await runCommand(argsOf([]), testEnv, stdout)
  assert.equal(explained.exitCode, 0)
  assert.ok(!explained.stdout.includes('also'))
})

test('takes no command for another one because its text is not UTF-8', async () => {
  const line = `curl -d '{"sku":"caf\u00e9"}' https://gateway.example/rest/V1/products`
  const { exitCode, stdout, stderr } = await explain(Buffer.from(line, 'latin1'))
  assert.deepEqual([exitCode, stdout], [2, ''])
  assert.match(stderr, /^explain: standard input is not UTF-8/)
})

test('reads the string of the client from a file', async () => {
  const folder = await temporaryFolder()
  const file = join(folder, 'string.txt')
  const signed = canonicalOf({ path: '/rest/V1/products/other' })
  await writeFile(file, signed)
  const { exitCode, stdout } = await explain(curlOf(hmac(signed)), '--client', file)
  assert.equal(exitCode, 1)
  assert.match(stdout, /> +5 {2}client {3}\/rest\/V1\/products\/other\n/)
})

test('explains a request by its id in the audit', async () => {
  const folder = await temporaryFolder()
  const file = join(folder, 'audit.jsonl')
  const parts = { path: '/rest/V1/orders', query: '' }
  const record = {
    v: 1,
    time: signedAt,
    requestId: 'request-0001',
    claimed: 'acme-erp',
    method: sent.method,
    reason: 'X-Signature does not verify',
    policy: 'signature',
    bytesIn: sent.body.length,
    bodySha256: hash('sha256', sent.body),
    signature: {
      scheme: 'canonical',
      computed: canonicalOf(parts),
      presented: hash('sha256', hmac(canonicalOf({ ...parts, method: 'post' }))),
    },
  }
  await writeFile(file, `${JSON.stringify(record)}\n`)
  const found = await explain('', '--request', 'request-0001', '--audit', file)
  assert.deepEqual([found.exitCode, found.stderr], [1, ''])
  assert.match(found.stdout, /> +4 {2}client {3}post\n/)
  const missing = await explain('', '--request', 'request-0002', '--audit', file)
  assert.deepEqual([missing.exitCode, missing.stdout], [2, ''])
  assert.match(missing.stderr, /has no record of this request id/)
})

test('shows no secret, no token and no signature that would be right', async () => {
  const presented = 'presented-token-0123456789'
  const strangers = 'q2w8e4r6t1y3u5i7o9p0a2s4d6f8g1h3'
  const parts = {
    path: `/rest/V1/products/${testEnv.MAGENTO_TOKEN}`,
    query: `fields=${testEnv.ACME_HMAC_SECRET}&token=${strangers}`,
    body: JSON.stringify({ password: 'planted-password-0123' }),
  }
  const folder = await temporaryFolder()
  const file = join(folder, 'string.txt')
  const right = hmac(canonicalOf(parts))
  await writeFile(file, `${right}\n${presented}\n${Buffer.from(right, 'hex').toString('base64')}`)
  const lines = [
    curlOf(hmac('nothing'), parts),
    curlOf(hmac(canonicalOf({ ...parts, body: '' })), parts),
    curlOf(right, parts),
  ].map((line) => line.replace(testEnv.ACME_TOKEN, presented))
  const planted = [...Object.values(testEnv), presented, strangers, 'planted-password-0123']
  planted.push(right, Buffer.from(right, 'hex').toString('base64'))
  for (const line of lines) {
    for (const options of [[], ['--client', file]]) {
      const { stdout, stderr } = await explain(line, '--at', signedAt, ...options)
      assert.match(stdout, /\[redacted\]/)
      for (const secret of planted) assert.ok(!`${stdout}${stderr}`.includes(secret), stdout)
    }
  }
})

describe('exits 2 when it cannot read', () => {
  const cases: Record<string, [input: string, options: string[], message: RegExp]> = {
    'the command': ['ls', [], /^explain: the command is not curl\n$/],
    // Partners send commands, and a terminal would obey what is in them.
    'an option': ["curl 'http://gw/' '--a\u001b[2J\u009bb'", [], /^explain: curl: [\x20-\x7e]+\n$/],
    'the time': ['curl http://gw/', ['--at', 'noon'], /--at must be a time[\s\S]*usage:/],
    "the client's string": [
      'curl http://gw/',
      ['--client', '/nonexistent/x'],
      /cannot be read \(ENOENT\)/,
    ],
    'the integration': ['curl http://gw/', ['--integration', 'none'], /are: acme-erp, globex-pim/],
    'a signature of one that does not sign': [
      'curl http://gw/',
      ['--integration', 'globex-pim'],
      /globex-pim does not sign/,
    ],
    'what belongs to a record': [
      '',
      ['--target', '/rest/V1/x'],
      /--target can only be used with --request/,
    ],
    'what belongs to a command': [
      '',
      ['--request', 'x', '--at', signedAt],
      /--at can only be used with a curl/,
    ],
    'the configuration': ['curl http://gw/', ['--config', '/nonexistent'], /gateway\.yaml/],
  }
  for (const [name, [input, options, message]] of Object.entries(cases)) {
    test(name, async () => {
      const { exitCode, stdout, stderr } = await explain(input, ...options)
      assert.deepEqual([exitCode, stdout], [2, ''])
      assert.match(stderr, message)
    })
  }
})
