import assert from 'node:assert/strict'
import { test } from 'node:test'
import { loadConfig } from '../../src/config.ts'
import { writeConfig } from '../support/config-directory.ts'
import { gatewaySettings, globex, testEnv } from '../support/gateway.ts'

test('variables of OpenTelemetry are checked, and a token among them is a secret that no output shows', async () => {
  await using files = await writeConfig({
    gateway: gatewaySettings({ magentoUrl: 'http://127.0.0.1:1' }, 'audit.jsonl'),
    integrations: { globex },
  })
  const { secrets, tracing } = await loadConfig(files.path, {
    ...testEnv,
    OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1',
    OTEL_EXPORTER_OTLP_HEADERS: 'Authorization=Bearer%20collector-token-0123,X-Scope=shop',
  })
  const shown = secrets.map((secret) => secret.reveal())
  assert.ok(shown.includes('collector-token-0123'))
  assert.ok(!shown.includes('shop'))
  assert.equal(tracing?.headers.Authorization?.reveal(), 'Bearer collector-token-0123')
  const wrong = { ...testEnv, OTEL_TRACES_EXPORTER: 'jaeger' }
  await assert.rejects(loadConfig(files.path, wrong), /environment OTEL_TRACES_EXPORTER: expected/)
})
