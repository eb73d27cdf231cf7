import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { openLastingParts } from '../../src/lasting/lasting-parts.ts'
import { openRedactions } from '../../src/record/redaction/redactions.ts'
import { buildRecord } from '../support/build-record.ts'
import { loadedConfig } from '../support/gateway.ts'
import { startOtlpReceiver, tracingEnv } from '../support/otlp-receiver.ts'
import { requestContext } from '../support/request.ts'
import { temporaryFolder } from '../support/shared.ts'

const { privateKey } = generateKeyPairSync('ed25519')
const KEY = String(privateKey.export({ type: 'pkcs8', format: 'pem' }))

/** Opens them with a trail whose checkpoints and spans wait until all is closed. */
async function open(trail: string, more: Readonly<Record<string, string>> = {}) {
  const checkpoints = { key: 'env:KEY', everySeconds: 3_600 }
  const options = { magentoUrl: 'http://127.0.0.1:9', gateway: { audit: { checkpoints } } }
  const config = await loadedConfig({ ...options, env: { KEY, ...more } }, trail)
  return openLastingParts(config, openRedactions())
}

test('what was recorded last is counted, written, signed and sent as a span before all is closed', async () => {
  await using receiver = await startOtlpReceiver()
  const trail = join(await temporaryFolder(), 'audit.jsonl')
  const spans = { ...tracingEnv(receiver.url), OTEL_BSP_SCHEDULE_DELAY: '3600000' }
  const { recorder, metrics, close } = await open(trail, spans)
  const request = requestContext()
  request.outcome = { status: 200 }
  recorder.record(request, buildRecord)
  await close()
  assert.match(await text(metrics.text()), /^magegate_requests_total\{.*\} 1$/m)
  const record = JSON.parse(await readFile(trail, 'utf8'))
  assert.equal(record.requestId, request.requestId)
  const checkpoint = JSON.parse(await readFile(`${trail}.checkpoints`, 'utf8'))
  assert.equal(checkpoint.lastHash, record.hash)
  assert.match(receiver.text(), new RegExp(request.requestId))
})

test('that signed records are gone at the start counts as a failure of the trail', async () => {
  const trail = join(await temporaryFolder(), 'audit.jsonl')
  for (const failures of [0, 1]) {
    const { recorder, metrics, close } = await open(trail)
    assert.match(
      await text(metrics.text()),
      new RegExp(`^magegate_audit_failures_total ${failures}$`, 'm'),
    )
    recorder.record(requestContext(), buildRecord)
    await close()
    await writeFile(trail, '')
  }
})
