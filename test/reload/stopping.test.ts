import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { type Config, loadConfig } from '../../src/config.ts'
import { buildGateway } from '../../src/gateway.ts'
import { writeConfig } from '../support/config-directory.ts'
import { gatewaySettings, globex, testEnv } from '../support/gateway.ts'

test('a gateway that stops takes no configuration any more, also where it was being read', async () => {
  await using base = await writeConfig({ gateway: {}, integrations: { globex } })
  const options = { magentoUrl: 'http://127.0.0.1:9' }
  await using files = await writeConfig({
    gateway: gatewaySettings(options, join(base.path, 'audit.jsonl')),
    integrations: { globex },
  })
  const config = await loadConfig(files.path, testEnv)
  const asked = Promise.withResolvers<void>()
  const read = Promise.withResolvers<Config>()
  const gateway = await buildGateway(config, () => {
    asked.resolve()
    return read.promise
  })
  await gateway.start()
  const reloading = gateway.reload()
  await asked.promise
  const stopped = gateway.stop()
  read.resolve(config)
  assert.deepEqual(await reloading, { status: 'stopping' })
  assert.deepEqual(await gateway.reload(), { status: 'stopping' })
  await stopped
})
