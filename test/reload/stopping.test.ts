import assert from 'node:assert/strict'
import { request as httpRequest } from 'node:http'
import { join } from 'node:path'
import { test } from 'node:test'
import { type Config, loadConfig } from '../../src/config.ts'
import { buildGateway } from '../../src/gateway.ts'
import { writeConfig } from '../support/config-directory.ts'
import { gatewaySettings, globex, testEnv } from '../support/gateway.ts'
import { globexHeaders } from '../support/http-client.ts'
import { startRawUpstream } from '../support/raw-upstream.ts'
import { startReloadable } from '../support/reloadable-gateway.ts'
import { temporaryFolder } from '../support/shared.ts'

test('a gateway that stops takes no configuration any more, also where it was being read', async () => {
  const options = { magentoUrl: 'http://127.0.0.1:9' }
  await using files = await writeConfig({
    gateway: gatewaySettings(options, join(await temporaryFolder(), 'audit.jsonl')),
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

test('a stop cuts off at its deadline what still runs under an earlier configuration', async () => {
  const hourMs = 3_600_000
  await using upstream = await startRawUpstream(() => undefined)
  const magento = { timeouts: { headersMs: hourMs, totalMs: hourMs } }
  await using gateway = await startReloadable({
    magentoUrl: upstream.url,
    integrations: [globex],
    gateway: { magento, shutdown: { deadlineMs: 100 } },
  })
  // With its key it is carried out though its caller has gone.
  const headers = { 'Content-Type': 'application/json', 'Idempotency-Key': '"k"' }
  httpRequest(`${gateway.url}/rest/V1/products`, {
    method: 'POST',
    headers: { ...globexHeaders, ...headers },
    agent: false,
  })
    .on('error', () => undefined)
    .end('{}')
  await upstream.requestsReach(1)
  await gateway.writeIntegration({ ...globex, description: 'edited' })
  assert.equal((await gateway.reload()).status, 200)
  await gateway.stop()
  await upstream.socketsFallTo(0)
})
