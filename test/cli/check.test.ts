import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { policies } from '../../src/pipeline.ts'
import { filesWith } from '../config/config-faults.ts'
import { type ConfigFiles, writeConfig } from '../support/config-directory.ts'
import { acme, gatewaySettings, globex, testEnv } from '../support/gateway.ts'
import { runCommand } from '../support/gateway-process.ts'
import { runHosted } from '../support/hosted-command.ts'

const policyKeys = policies
  .flatMap(({ section, key }) => (section === 'policies' ? [key] : []))
  .join(', ')

const exampleConfig = fileURLToPath(new URL('../../config', import.meta.url))

async function checkFiles(changes: Partial<ConfigFiles>, env: Record<string, string> = testEnv) {
  await using directory = await writeConfig(filesWith(changes))
  const { exitCode, stdout, stderr } = await runHosted(['check', '--config', directory.path], env)
  return { exitCode, stdout, stderr: stderr.replaceAll(`${directory.path}/`, '') }
}

test('accepts what can be used, and says what is only reported', async () => {
  const { exitCode, stdout, stderr } = await checkFiles({
    integrations: {
      acme: { ...acme, reportOnly: true },
      globex: { ...globex, reportOnly: ['route-grant', 'rate-limit'] },
    },
  })
  assert.equal(stderr, '')
  assert.equal(exitCode, 0)
  assert.match(stdout, /ok, 2 integration/)
  assert.match(stdout, /^acme-erp: only reported, not refused: every policy that can be$/m)
  assert.match(stdout, /^globex-pim: only reported, not refused: route-grant, rate-limit$/m)
})

test('accepts the example configuration', async () => {
  const ofMagento = ['CONSUMER_KEY', 'CONSUMER_SECRET', 'ACCESS_TOKEN', 'ACCESS_TOKEN_SECRET']
  const names = ['ACME', 'GLOBEX'].flatMap((name) => [
    `${name}_TOKEN`,
    `${name}_HMAC_SECRET`,
    ...ofMagento.map((value) => `${name}_MAGENTO_${value}`),
  ])
  const env = Object.fromEntries(names.map((name) => [name, `${name}-0123456789`]))
  const { exitCode, stderr } = await runCommand(['check', '--config', exampleConfig], env)
  assert.equal(stderr, '')
  assert.equal(exitCode, 0)
})

test('reports every fault at once, with file, line, path and what was expected', async () => {
  const { exitCode, stderr } = await checkFiles({
    gateway: {
      ...gatewaySettings({ magentoUrl: 'http://127.0.0.1:1' }, 'var/audit.jsonl'),
      listen: {
        host: '127.0.0.1',
        port: 'eighty',
        requireHttps: false,
        trustedProxies: ['10.0.0.0/99'],
      },
      unheardOf: true,
    },
    integrations: {
      acme: {
        ...acme,
        credentials: { token: 'in-plain-0123456789' },
        policies: { ...acme.policies, rateLimit: { rate: '20 per second' }, ipAllowList: [] },
      },
      globex: { ...globex, credentials: {}, policies: { routes: ['FETCH /V1/x'] } },
    },
  })
  assert.equal(exitCode, 1)
  assert.deepEqual(
    stderr.trimEnd().split('\n').sort(),
    [
      '8 fault(s)',
      'gateway.yaml:23 /unheardOf: expected no such key; known here: listen, admin, magento, store, audit, limits, jobs, cache, shutdown',
      'gateway.yaml:3 /listen/port: expected integer',
      'gateway.yaml:6 /listen/trustedProxies/0: expected an IP address, or a CIDR block by its first address, such as 203.0.113.0/24 or 2001:db8:7::/48',
      'integrations/acme.yaml:20 /policies/rateLimit/rate: expected a rate such as 20/s, 300/min or 5000/h',
      `integrations/acme.yaml:21 /policies/ipAllowList: expected no such key; known here: ${policyKeys}`,
      'integrations/acme.yaml:3 /credentials/token: expected a reference to a secret, env:NAME or file:PATH (a secret in plain is refused)',
      'integrations/globex.yaml:2 /credentials: expected at least one credential: an integration without authentication is refused',
      'integrations/globex.yaml:7 /policies/routes/0: expected a method and a path, such as GET /V1/products/:sku; or {tag: …}; or {preset: …} of catalog-read, stock-write, orders-read',
    ].sort(),
  )
  assert.ok(!stderr.includes('in-plain'))
})

test('shows no control characters of names in files, which a terminal would obey', async () => {
  const key = '\u001b[31mred\nline\u202e'
  const { stderr } = await checkFiles({ integrations: { acme: { ...acme, [key]: 1 } } })
  assert.match(
    stderr,
    /^integrations\/acme\.yaml(:\d+)? \/\?\[31mred\?line\?: expected no such key/,
  )
})

test('commands that need the configuration tell its faults as start does', async () => {
  await using directory = await writeConfig(filesWith({ integrations: {} }))
  const faults = `the configuration has 1 fault(s)\n${directory.path}/integrations /: expected at least one .yaml file with an integration\n`
  const config = ['--config', directory.path]
  const run = (...args: readonly string[]) => runHosted([...args, ...config], testEnv)
  const told = await Promise.all([
    runCommand(['start', ...config], testEnv),
    run('jobs', 'list'),
    run('explain', '--integration', 'acme-erp'),
    run('magento', 'pull'),
  ])
  assert.deepEqual(told, [
    { stdout: '', stderr: `magegate does not start: ${faults}`, exitCode: 1 },
    { stdout: '', stderr: `jobs: ${faults}`, exitCode: 1 },
    // With 1 it says that a signature does not verify.
    { stdout: '', stderr: `explain: ${faults}`, exitCode: 2 },
    { stdout: '', stderr: `magento pull: ${faults}`, exitCode: 1 },
  ])
})
