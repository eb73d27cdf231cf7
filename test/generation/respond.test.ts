import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { loadConfig } from '../../src/config.ts'
import { buildGateway } from '../../src/gateway.ts'
import { writeConfig } from '../support/config-directory.ts'
import { gatewaySettings, globex, testEnv } from '../support/gateway.ts'
import { globexHeaders, problemOf, send } from '../support/http-client.ts'
import { temporaryFolder } from '../support/shared.ts'

test('a defect where requests are answered ends its request with 500, recorded, and keeps nothing from stopping', async () => {
  const auditFile = join(await temporaryFolder(), 'audit.jsonl')
  await using files = await writeConfig({
    gateway: gatewaySettings({ magentoUrl: 'http://127.0.0.1:9' }, auditFile),
    integrations: {
      globex: { ...globex, policies: { routes: ['GET /V1/magefine/inventaire/:sku'] } },
    },
  })
  const config = await loadConfig(files.path, testEnv)
  const gateway = await buildGateway(config)
  const { url } = await gateway.start()
  const path = '/openapi.json'
  const other = await send(url, { path: '/rest/V1/none', headers: globexHeaders })
  assert.equal(other.status, 403)
  // The defect: what the document is made of throws when it is read.
  Object.defineProperty(config.integrations[0], 'credentials', {
    get: () => {
      throw new TypeError('inner workings')
    },
  })
  const answer = await send(url, { path, headers: globexHeaders })
  assert.equal(answer.status, 500)
  assert.equal(problemOf(answer).code, 'internal-error')
  assert.ok(!answer.body.includes('inner workings'))
  await gateway.stop()
  const [, line = '', ...others] = (await readFile(auditFile, 'utf8')).trimEnd().split('\n')
  const { status, code, reason } = JSON.parse(line)
  assert.deepEqual(
    { status, code, reason },
    { status: 500, code: 'internal-error', reason: 'TypeError' },
  )
  assert.deepEqual(others, [])
})
