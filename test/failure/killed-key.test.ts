import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { writeConfig } from '../support/config-directory.ts'
import { gatewaySettings, globex, startGateway, testEnv } from '../support/gateway.ts'
import { startedProcess } from '../support/gateway-process.ts'
import { problemOf, send, sendAndLeave, writeOf } from '../support/http-client.ts'
import { startRawUpstream } from '../support/raw-upstream.ts'
import { startRedis, withClient } from '../support/redis.ts'
import { shared, temporaryFolder } from '../support/shared.ts'
import { openSlowLink } from '../support/slow-link.ts'

const redis = await shared(startRedis())

test('the key of a killed process stays taken, and its write is not sent again', async () => {
  await using magento = await startRawUpstream(() => undefined)
  const options = {
    magentoUrl: magento.url,
    gateway: { store: { redis: 'env:REDIS_URL', deadlineMs: 5000 } },
    integrations: [globex],
    env: { REDIS_URL: redis.url },
  }
  const write = writeOf('{}', { headers: { 'Idempotency-Key': '"one"' } })
  await using replaced = await writeConfig({
    gateway: gatewaySettings(options, join(await temporaryFolder(), 'audit.jsonl')),
    integrations: { globex },
  })
  const killed = await startedProcess(['start', '--config', replaced.path], {
    ...testEnv,
    ...options.env,
  })
  const unanswered = assert.rejects(send(killed.url, write), { code: 'ECONNRESET' })
  await magento.requestsReach(1)
  killed.signal('SIGKILL')
  await killed.ended
  await unanswered
  await using gateway = await startGateway(options)
  const answer = await send(gateway.url, write)
  assert.equal(answer.status, 409)
  assert.equal(problemOf(answer).code, 'idempotency-conflict')
  assert.equal(magento.requests.length, 1)
})

/** Options of gateways that reach Redis over a link, and keep answers and a limit of concurrency there. */
function sharing(link: { readonly port: number }, magentoUrl: string) {
  const policies = {
    ...globex.policies,
    cache: { 'GET /V1/products/:sku': { ttlSeconds: 60 } },
    rateLimit: { concurrency: 1 },
  }
  return {
    magentoUrl,
    gateway: { store: { redis: 'env:REDIS_URL', deadlineMs: 60_000 } },
    integrations: [{ ...globex, policies }],
    env: { REDIS_URL: `redis://127.0.0.1:${link.port}/0` },
  }
}

test('a write with a key that breaks off during a stop, after its caller left, is over for the next process', async () => {
  await using link = await openSlowLink(redis.port)
  await using magento = await startRawUpstream(() => undefined)
  const options = sharing(link, magento.url)
  const headers = { 'Idempotency-Key': '"two"' }
  await using stopping = await startGateway(options)
  const { answer, leave } = sendAndLeave(stopping.url, { headers })
  await magento.requestsReach(1)
  leave()
  await assert.rejects(answer)
  // Then the gateway knows that it has left.
  await stopping.auditRecords(1)
  // Dropping what the write may have changed takes longer than the rest of the stop.
  link.delayMs = 300
  const stopped = stopping.stop()
  for (const socket of magento.sockets) socket.destroy()
  await stopped
  link.delayMs = 0
  await using gateway = await startGateway(options)
  const repeated = await send(gateway.url, writeOf('{}', { headers }))
  assert.deepEqual([repeated.status, problemOf(repeated).code], [502, 'upstream-failed'])
  assert.equal(magento.requests.length, 1)
})

test('a write with a key whose caller left while the key was asked for keeps nothing after a stop', async () => {
  await using link = await openSlowLink(redis.port)
  await using magento = await startRawUpstream()
  const options = sharing(link, magento.url)
  const headers = { 'Idempotency-Key': '"three"' }
  await using stopping = await startGateway(options)
  link.delayMs = 300
  const { answer, leave } = sendAndLeave(stopping.url, { headers })
  await withClient(redis.url, async (client) => {
    while ((await client.exists('magegate:idempotency:["globex-pim","three"]')) === 0)
      await delay(2)
  })
  leave()
  await assert.rejects(answer)
  await stopping.auditRecords(1)
  await stopping.stop()
  link.delayMs = 0
  await using gateway = await startGateway(options)
  assert.equal((await send(gateway.url, writeOf('{}', { headers }))).status, 200)
  assert.equal(magento.requests.length, 1)
})
