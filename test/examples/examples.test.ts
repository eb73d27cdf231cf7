import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { createHmac } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { startGateway, testEnv } from '../support/gateway.ts'
import { type MagentoStandIn, startMagentoStandIn } from '../support/magento/stand-in.ts'
import { shared } from '../support/shared.ts'

const root = new URL('../../', import.meta.url)

const granted = {
  endpoints: 'forward',
  routes: ['GET /V1/magefine/inventaire/:sku', 'POST /V1/magefine/inventaire'],
  requestSchema: { 'POST /V1/magefine/inventaire': 'inventaire.json' },
}

/** As in the example configuration: one proves itself by token and signature, one by token. */
const integrations = [
  {
    name: 'acme-erp',
    credentials: {
      token: 'env:ACME_TOKEN',
      signature: { scheme: 'body', secrets: [{ id: 'k1', value: 'env:ACME_HMAC_SECRET' }] },
    },
    upstream: { bearer: 'env:MAGENTO_TOKEN' },
    policies: { ipAllowlist: ['127.0.0.0/8', '::1'], ...granted },
  },
  {
    name: 'globex-pim',
    credentials: { token: 'env:GLOBEX_TOKEN' },
    upstream: { bearer: 'env:MAGENTO_TOKEN' },
    policies: granted,
  },
]

interface Client {
  readonly name: string
  readonly command: string
  readonly file: string
  readonly args: readonly string[]
  readonly env: { readonly INTEGRATION_TOKEN: string; readonly HMAC_SECRET?: string }
  /** What Magento gets. */
  readonly method: string
  readonly target: string
  readonly body: string
}

const write = {
  args: ['24-MB01', '7'],
  method: 'POST',
  target: '/rest/V1/magefine/inventaire',
  body: '{"sku":"24-MB01","qty":7}',
}

const clients: readonly Client[] = [
  {
    name: 'curl, reading',
    command: 'bash',
    file: 'examples/curl/get-inventory.sh',
    args: ['24-MB01'],
    env: { INTEGRATION_TOKEN: testEnv.GLOBEX_TOKEN },
    method: 'GET',
    target: '/rest/V1/magefine/inventaire/24-MB01',
    body: '',
  },
  {
    ...write,
    name: 'curl, writing',
    command: 'bash',
    file: 'examples/curl/post-inventory.sh',
    env: { INTEGRATION_TOKEN: testEnv.GLOBEX_TOKEN },
  },
  {
    ...write,
    name: 'node, writing',
    command: process.execPath,
    file: 'examples/node/post-inventory.js',
    env: { INTEGRATION_TOKEN: testEnv.GLOBEX_TOKEN },
  },
  {
    ...write,
    name: 'php, writing and signing',
    command: 'php',
    file: 'examples/php/post-inventory.php',
    env: { INTEGRATION_TOKEN: testEnv.ACME_TOKEN, HMAC_SECRET: testEnv.ACME_HMAC_SECRET },
  },
]

interface Run {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

function run({ command, file, args }: Client, env: Readonly<Record<string, string>>): Promise<Run> {
  const options = { env: { PATH: process.env.PATH, ...env } }
  return new Promise((resolve, reject) => {
    execFile(
      command,
      [fileURLToPath(new URL(file, root)), ...args],
      options,
      (error, stdout, stderr) => {
        if (error !== null && typeof error.code !== 'number') return reject(error)
        resolve({ exitCode: error === null ? 0 : Number(error.code), stdout, stderr })
      },
    )
  })
}

const magento = await shared(
  startMagentoStandIn({
    enableIntegrationAsBearer: true,
    integrations: [
      {
        name: 'gateway',
        consumerKey: 'consumer-key-of-the-gateway-1234',
        consumerSecret: 'consumer-secret-of-the-gateway-1',
        accessToken: testEnv.MAGENTO_TOKEN,
        accessTokenSecret: 'access-secret-of-the-gateway-123',
      },
    ],
  }),
)
const schema = await readFile(new URL('config/schemas/inventaire.json', root), 'utf8')
const gateway = await shared(
  startGateway({
    magentoUrl: magento.url,
    integrations,
    schemas: { 'inventaire.json': JSON.parse(schema) },
  }),
)

for (const client of clients) {
  describe(client.name, () => {
    const secrets = Object.values(client.env)
    // Once for both tests: a body that is signed by itself may not come twice at short intervals.
    let ran: Run
    let received: MagentoStandIn['received']

    before(async () => {
      magento.clearReceived()
      ran = await run(client, { ...client.env, GATEWAY_URL: gateway.url })
      received = [...magento.received]
    })

    test('gets its request through to Magento and shows the answer', () => {
      assert.equal(ran.stderr, '')
      assert.match(ran.stdout, /^HTTP 200\n\{.*"sku":"24-MB01".*\}\n$/)
      assert.equal(ran.exitCode, 0)
      assert.deepEqual(
        received.map(({ method, rawTarget, body }) => [method, rawTarget, body.toString()]),
        [[client.method, client.target, client.body]],
      )
    })

    test('presents nothing to Magento that it proves itself with', () => {
      const sent = received.flatMap(({ rawHeaders, body }) => [...rawHeaders, body.toString()])
      assert.ok(sent.includes(`Bearer ${testEnv.MAGENTO_TOKEN}`))
      for (const secret of secrets) {
        const signature = createHmac('sha256', secret).update(client.body).digest('hex')
        for (const text of sent) assert.ok(!text.includes(secret) && !text.includes(signature))
      }
    })

    test('fails and says why when its token is wrong', async () => {
      magento.clearReceived()
      const { exitCode, stdout, stderr } = await run(client, {
        ...client.env,
        INTEGRATION_TOKEN: 'not-the-token-of-anybody',
        GATEWAY_URL: gateway.url,
      })
      assert.equal(exitCode, 1)
      assert.match(stdout, /^HTTP 401\n\{.*"code":"unauthenticated".*\}\n$/)
      assert.equal(stderr, '')
      assert.equal(magento.received.length, 0)
    })

    test('fails without showing a secret when the gateway is not there', async () => {
      const { exitCode, stdout, stderr } = await run(client, {
        ...client.env,
        GATEWAY_URL: 'http://127.0.0.1:1',
      })
      assert.notEqual(exitCode, 0)
      assert.equal(stdout, '')
      assert.match(stderr, /connect|refused/i)
      for (const secret of secrets) assert.ok(!stderr.includes(secret))
    })

    test('does not start without a token', async () => {
      const { exitCode, stderr } = await run(client, { GATEWAY_URL: gateway.url })
      assert.notEqual(exitCode, 0)
      assert.match(stderr, /INTEGRATION_TOKEN/)
    })
  })
}

test('a signature with the wrong secret is refused', async () => {
  const client = clients.find(({ env }) => env.HMAC_SECRET !== undefined)
  assert.ok(client)
  magento.clearReceived()
  const { exitCode, stdout } = await run(client, {
    ...client.env,
    HMAC_SECRET: 'not-the-secret-of-anybody',
    GATEWAY_URL: gateway.url,
  })
  assert.equal(exitCode, 1)
  assert.match(stdout, /^HTTP 401\n/)
  assert.equal(magento.received.length, 0)
})
