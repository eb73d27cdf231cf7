import assert from 'node:assert/strict'
import { test } from 'node:test'
import { loadConfig } from '../../src/config.ts'
import { compileRedaction } from '../../src/record/redaction/compile-redaction.ts'
import { writeConfig } from '../support/config-directory.ts'
import { gatewaySettings, globex, testEnv } from '../support/gateway.ts'

const env = { ...testEnv, USER: 'integration', PASSWORD: 'Passw0rd' }

test('records stay whole if an administrator is called what they consist of, and lack only its password', async () => {
  const upstream = { adminToken: { username: 'env:USER', password: 'env:PASSWORD' } }
  await using files = await writeConfig({
    gateway: gatewaySettings({ magentoUrl: 'http://127.0.0.1:1' }, 'audit.jsonl'),
    integrations: { globex: { ...globex, upstream } },
  })
  const redact = await compileRedaction((await loadConfig(files.path, env)).secrets)
  assert.equal(
    redact('{"integration":"globex-pim","reason":"Passw0rd"}'),
    '{"integration":"globex-pim","reason":"[redacted]"}',
  )
})
