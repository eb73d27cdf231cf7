import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { queryObjects } from 'node:v8'
import { Secret } from '../../src/contract/secret.ts'
import { acme, globex } from '../support/gateway.ts'
import { startReloadable } from '../support/reloadable-gateway.ts'

test('a reload keeps no secret of the configuration that the gateway was started with', async () => {
  const secrets = () => queryObjects(Secret, { format: 'count' })
  const before = secrets()
  await using gateway = await startReloadable({
    magentoUrl: 'http://127.0.0.1:9',
    integrations: [acme, globex],
  })
  const atStart = secrets()
  assert.ok(atStart > before)
  assert.equal((await gateway.reload()).status, 200)
  while ((await gateway.metric('magegate_config_living_generations')) > 1) await delay(5)
  assert.equal(secrets(), atStart)
})
