import assert from 'node:assert/strict'
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { parseSwagger } from '../../src/authorize/magento-contract/swagger.ts'
import { writeConfig } from '../support/config-directory.ts'
import { gatewaySettings, globex, testEnv } from '../support/gateway.ts'
import { runCommand } from '../support/gateway-process.ts'
import { runHosted } from '../support/hosted-command.ts'
import { startMagento } from '../support/magento-for-tests.ts'

const demanding = {
  ...globex,
  policies: { ...globex.policies, magentoSchema: { mode: 'enforce' } },
}

function filesFor(magentoUrl: string) {
  return {
    gateway: gatewaySettings({ magentoUrl }, 'var/audit.jsonl'),
    integrations: { globex: demanding },
  }
}

test('magento pull fetches the schema that integrations are held against', async () => {
  await using magento = await startMagento()
  await using files = await writeConfig(filesFor(magento.url))
  const config = ['--config', files.path]
  const before = await runHosted(['check', ...config], testEnv)
  assert.equal(before.exitCode, 1)
  assert.match(before.stderr, /\/policies\/magentoSchema: expected the schema of Magento in/)

  const pulled = await runCommand(['magento', 'pull', ...config], testEnv)
  assert.equal(pulled.stderr, '')
  assert.match(pulled.stdout, /schema\.json: \d+ operations, /)
  assert.equal(magento.received[0]?.rawTarget, '/rest/all/schema?services=all')
  const document = JSON.parse(await readFile(join(files.path, 'magento', 'schema.json'), 'utf8'))
  assert.equal(document.swagger, '2.0')
  assert.ok(!JSON.stringify(document).includes(testEnv.MAGENTO_TOKEN))

  const after = await runHosted(['check', ...config], testEnv)
  assert.equal(after.stderr, '')
  assert.equal(after.exitCode, 0)
})

test('magento pull says that it does not know what guests may call if Magento shows them nothing', async () => {
  await using magento = await startMagento()
  await magento.setFault(
    { kind: 'echo', status: 401 },
    ({ rawHeaders }) => !rawHeaders.includes('authorization'),
  )
  await using files = await writeConfig(filesFor(magento.url))
  const pulled = await runHosted(['magento', 'pull', '--config', files.path], testEnv)
  assert.match(pulled.stdout, /operations, an unknown number of them for guests\n$/)
  const checked = await runHosted(['check', '--config', files.path], testEnv)
  assert.match(checked.stdout, /does not say which routes guests may call/)
})

test('magento pull keeps the old schema if it gets no document, and says why', async () => {
  await using files = await writeConfig({
    ...filesFor('http://127.0.0.1:1'),
    magentoSchema: { swagger: '2.0', paths: {} },
  })
  const { exitCode, stderr } = await runHosted(['magento', 'pull', '--config', files.path], testEnv)
  assert.equal(exitCode, 1)
  assert.equal(
    stderr,
    'magento pull: no connection to Magento could be established (ECONNREFUSED)\n',
  )
  assert.deepEqual(JSON.parse(await readFile(join(files.path, 'magento', 'schema.json'), 'utf8')), {
    swagger: '2.0',
    paths: {},
  })
})

test('magento pull does not touch the file that another one is writing, and leaves none itself', async () => {
  await using magento = await startMagento()
  await using files = await writeConfig({ ...filesFor(magento.url), magentoSchema: {} })
  const folder = join(files.path, 'magento')
  await writeFile(join(folder, 'schema.json.new'), 'half a document')
  const pull = () => runHosted(['magento', 'pull', '--config', files.path], testEnv)
  const { stderr, exitCode } = await pull()
  assert.equal(stderr, '')
  assert.equal(exitCode, 0)
  assert.deepEqual((await readdir(folder)).sort(), ['schema.json', 'schema.json.new'])
  assert.equal(await readFile(join(folder, 'schema.json.new'), 'utf8'), 'half a document')
  await rm(join(folder, 'schema.json'))
  await mkdir(join(folder, 'schema.json'))
  assert.match((await pull()).stderr, /^magento pull: EISDIR/)
  assert.deepEqual((await readdir(folder)).sort(), ['schema.json', 'schema.json.new'])
})

test('a schema file that is not a schema is a fault', async () => {
  await using files = await writeConfig({ ...filesFor('http://127.0.0.1:1'), magentoSchema: [] })
  const { stderr } = await runHosted(['check', '--config', files.path], testEnv)
  assert.match(stderr, /schema\.json \/: expected the Swagger 2\.0 document of a shop/)
})

test('a document without readable operations is not a schema', () => {
  const documentOf = (paths: unknown, definitions: unknown = {}) =>
    parseSwagger(JSON.stringify({ swagger: '2.0', paths, definitions }))
  const none = [{ '/V1/x': null }, { '/V1/x': { get: null } }, { '/V1/x': { get: 'a' } }]
  const parameters = [{ '/V1/x': { post: { parameters: {} } } }]
  for (const paths of [...none, ...parameters, { '/V1/x': { post: { parameters: [1] } } }]) {
    assert.equal(documentOf(paths), undefined, JSON.stringify(paths))
  }
  assert.equal(documentOf({}, 'none'), undefined)
  // As PHP writes what is empty.
  assert.ok(documentOf({ '/V1/x': { get: [] } }, []))
})

test('magento pull replaces a broken schema file, although the configuration uses tags', async () => {
  await using magento = await startMagento()
  const policies = {
    routes: [{ tag: 'products/{sku}' }],
    deprecations: { 'GET /V1/products/:sku': { since: '2027-01-01' } },
    cache: { 'GET /V1/products/:sku': { ttlSeconds: 1 } },
  }
  await using files = await writeConfig({
    ...filesFor(magento.url),
    integrations: { globex: { ...globex, policies } },
    magentoSchema: [],
  })
  const pulled = await runHosted(['magento', 'pull', '--config', files.path], testEnv)
  assert.equal(pulled.stderr, '')
  assert.equal(pulled.exitCode, 0)
})

test('magento pull asks Magento nothing if no integration has a credential', async () => {
  await using magento = await startMagento()
  const storefront = { ...globex, upstream: { passthrough: true } }
  await using files = await writeConfig({
    ...filesFor(magento.url),
    integrations: { storefront },
  })
  const pull = ['magento', 'pull', '--config', files.path]
  for (const options of [[], ['--integration', storefront.name]]) {
    const { exitCode, stderr } = await runHosted([...pull, ...options], testEnv)
    assert.equal(exitCode, 1)
    const named = options.length > 0 ? ` with the name ${storefront.name}` : ''
    assert.equal(stderr, `magento pull: no integration${named} has a credential for Magento\n`)
  }
  assert.equal(magento.received.length, 0)
})

test('magento pull keeps the old schema if Magento shows only what guests see', async () => {
  // Magento takes a caller whose token is not valid for a guest, and answers 200.
  await using magento = await startMagento({ enableIntegrationAsBearer: false })
  const magentoSchema = { swagger: '2.0', paths: { '/V1/products': { get: {} } } }
  await using files = await writeConfig({ ...filesFor(magento.url), magentoSchema })
  const pulled = await runHosted(['magento', 'pull', '--config', files.path], testEnv)
  assert.equal(pulled.exitCode, 1)
  assert.equal(
    pulled.stderr,
    'magento pull: with the credential of globex-pim, Magento shows only what guests see: it is not valid, or grants nothing\n',
  )
  const kept = await readFile(join(files.path, 'magento', 'schema.json'), 'utf8')
  assert.deepEqual(JSON.parse(kept), magentoSchema)
})
