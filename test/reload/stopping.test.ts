import assert from 'node:assert/strict'
import { type ClientRequest, request as httpRequest } from 'node:http'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Config } from '../../src/config.ts'
import { buildGateway } from '../../src/gateway.ts'
import { globex, loadedConfig, startGateway } from '../support/gateway.ts'
import { startHeldUpstream } from '../support/held-upstream.ts'
import { globexHeaders, send } from '../support/http-client.ts'
import { startRawUpstream } from '../support/raw-upstream.ts'
import { startReloadable } from '../support/reloadable-gateway.ts'
import { temporaryFolder } from '../support/shared.ts'

/** Sends a request that is carried out though its caller has gone. */
function keyedWrite(url: string): ClientRequest {
  const headers = { 'Content-Type': 'application/json', 'Idempotency-Key': '"k"' }
  return httpRequest(`${url}/rest/V1/products`, {
    method: 'POST',
    headers: { ...globexHeaders, ...headers },
    agent: false,
  })
    .on('error', () => undefined)
    .end('{}')
}

test('a gateway that stops takes no configuration any more, also where it was being read', async () => {
  const options = { magentoUrl: 'http://127.0.0.1:9' }
  const config = await loadedConfig(options, join(await temporaryFolder(), 'audit.jsonl'))
  const asked = Promise.withResolvers<void>()
  const read = Promise.withResolvers<Config>()
  let reads = 0
  const gateway = await buildGateway(config, () => {
    reads += 1
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
  assert.equal(reads, 1)
  await stopped
})

test('a stop waits for what is carried out for a caller that has gone', async () => {
  await using upstream = await startHeldUpstream()
  await using gateway = await startGateway({ magentoUrl: upstream.url, integrations: [globex] })
  const leaving = keyedWrite(gateway.url)
  const held = await upstream.next()
  leaving.destroy()
  await gateway.auditRecords(1)
  const stopped = gateway.stop()
  const isListening = () =>
    send(gateway.url).then(
      () => true,
      () => false,
    )
  while (await isListening());
  // By now it would have ended.
  for (let time = 0; time < 20; time += 1) await send(gateway.adminUrl, { path: '/livez' })
  assert.equal(upstream.sockets.size, 1)
  held.answer()
  await stopped
})

test('a stop cuts off at its deadline what still runs under an earlier configuration', async () => {
  const hourMs = 3_600_000
  await using upstream = await startRawUpstream(() => undefined)
  const magento = { timeouts: { headersMs: hourMs, totalMs: hourMs } }
  await using gateway = await startReloadable({
    magentoUrl: upstream.url,
    integrations: [globex],
    gateway: { magento, shutdown: { deadlineMs: hourMs } },
  })
  keyedWrite(gateway.url)
  await upstream.requestsReach(1)
  await gateway.writeSettings({ shutdown: { deadlineMs: 100 } })
  assert.equal((await gateway.reload()).status, 200)
  await gateway.stop()
  await upstream.socketsFallTo(0)
})
