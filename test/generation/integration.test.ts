import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import type { IntegrationSettings } from '../../src/config/integration-settings.ts'
import { loadConfig } from '../../src/config.ts'
import { buildGateway } from '../../src/gateway.ts'
import { writeConfig } from '../support/config-directory.ts'
import { gatewaySettings, globex, testEnv } from '../support/gateway.ts'
import { send } from '../support/http-client.ts'
import { temporaryFolder } from '../support/shared.ts'

test('what an integration may call is described once, until many others have asked', async () => {
  const names = Array.from({ length: 80 }, (_, index) => `erp-${index}`)
  const token = (name: string) => `token-of-${name}-0123456789`
  const variable = (name: string) => name.toUpperCase().replace('-', '_')
  await using files = await writeConfig({
    gateway: gatewaySettings(
      { magentoUrl: 'http://127.0.0.1:9' },
      join(await temporaryFolder(), 'audit.jsonl'),
    ),
    integrations: Object.fromEntries(
      names.map((name) => [
        name,
        { ...globex, name, credentials: { token: `env:${variable(name)}` } },
      ]),
    ),
  })
  const tokens = names.map((name) => [variable(name), token(name)])
  const config = await loadConfig(files.path, { ...testEnv, ...Object.fromEntries(tokens) })
  const gateway = await buildGateway(config)
  const { url } = await gateway.start()
  async function ask(name: string): Promise<string> {
    const headers = { Authorization: `Bearer ${token(name)}` }
    const { status, body } = await send(url, { path: '/openapi.json', headers })
    assert.equal(status, 200)
    return body
  }
  const first = await ask('erp-0')
  const settings = config.integrations.find(({ name }) => name === 'erp-0')
  assert.ok(settings)
  const reads = countReads(settings)
  assert.equal(await ask('erp-0'), first)
  assert.equal(reads(), 0)
  for (const name of names.slice(1)) await ask(name)
  assert.equal(await ask('erp-0'), first)
  assert.equal(reads(), 1)
  await gateway.stop()
})

/** Counts how often the policies of an integration are read from now on. */
function countReads(settings: IntegrationSettings): () => number {
  const { policies } = settings
  let count = 0
  Object.defineProperty(settings, 'policies', {
    get: () => {
      count += 1
      return policies
    },
  })
  return () => count
}
