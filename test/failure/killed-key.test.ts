import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { writeConfig } from '../support/config-directory.ts'
import { gatewaySettings, globex, startGateway, testEnv } from '../support/gateway.ts'
import { startedProcess } from '../support/gateway-process.ts'
import { problemOf, send, writeOf } from '../support/http-client.ts'
import { startRawUpstream } from '../support/raw-upstream.ts'
import { startRedis } from '../support/redis.ts'
import { temporaryFolder } from '../support/shared.ts'

test('the key of a killed process stays taken, and its write is not sent again', async () => {
  await using redis = await startRedis()
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
