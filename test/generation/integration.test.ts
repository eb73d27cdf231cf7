import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import type { IntegrationSettings } from '../../src/config/integration-settings.ts'
import { buildGateway } from '../../src/gateway.ts'
import { globex, loadedConfig } from '../support/gateway.ts'
import { send } from '../support/http-client.ts'
import { temporaryFolder } from '../support/shared.ts'

test('what an integration may call is described once, until many others have asked', async () => {
  const names = Array.from({ length: 80 }, (_, index) => `erp-${index}`)
  const token = (name: string) => `token-of-${name}-0123456789`
  const variable = (name: string) => name.toUpperCase().replace('-', '_')
  const options = {
    magentoUrl: 'http://127.0.0.1:9',
    integrations: names.map((name) => ({
      ...globex,
      name,
      credentials: { token: `env:${variable(name)}` },
    })),
    env: Object.fromEntries(names.map((name) => [variable(name), token(name)])),
  }
  const config = await loadedConfig(options, join(await temporaryFolder(), 'audit.jsonl'))
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
