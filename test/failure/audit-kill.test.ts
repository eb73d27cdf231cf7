import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { Agent } from 'node:http'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { trailFiles } from '../../src/verify/trail-files.ts'
import { verifyTrail } from '../../src/verify/verify-trail.ts'
import { writeConfig } from '../support/config-directory.ts'
import { gatewaySettings, globex, testEnv } from '../support/gateway.ts'
import { type GatewayProcess, startedProcess } from '../support/gateway-process.ts'
import { globexHeaders, send } from '../support/http-client.ts'
import { startRawUpstream } from '../support/raw-upstream.ts'
import { temporaryFolder } from '../support/shared.ts'

/*
 * A gateway under load is killed again and again. MAGEGATE_KILLS=300 makes it a longer one than fits
 * into the suite.
 */
const kills = Number(process.env.MAGEGATE_KILLS ?? 3)
const writers = 8

/** Writes until the gateway is gone; the request ids of what it has answered. */
async function writeUntilKilled(gateway: GatewayProcess, answered: string[]): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  for (;;) {
    try {
      const { status, headers } = await send(gateway.url, {
        method: 'POST',
        path: '/rest/V1/products',
        headers: { ...globexHeaders, 'Content-Type': 'application/json' },
        body: '{"sku":"24-MB01","qty":1}',
        agent,
      })
      assert.equal(status, 200)
      answered.push(String(headers['x-request-id']))
    } catch (error) {
      agent.destroy()
      if (error instanceof assert.AssertionError) throw error
      return
    }
  }
}

test(`killed ${kills} times under load, no answered write lacks its record and the chain is whole`, {
  timeout: 120_000 + kills * 5_000,
}, async (context) => {
  const folder = await temporaryFolder()
  const { publicKey, privateKey } = generateKeyPairSync('ed25519')
  const file = join(folder, 'audit.jsonl')
  await using upstream = await startRawUpstream()
  const audit = {
    rotate: { sizeMiB: 1, keep: 1000 },
    checkpoints: { key: 'env:AUDIT_KEY', everyRecords: 100 },
  }
  await using files = await writeConfig({
    gateway: gatewaySettings({ magentoUrl: upstream.url, gateway: { audit } }, file),
    integrations: { globex },
  })
  const env = {
    ...testEnv,
    AUDIT_KEY: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
  }
  const answered: string[] = []
  const moments = fc.sample(fc.integer({ min: 1, max: 400 }), kills)
  for (const momentMs of moments) {
    const gateway = await startedProcess(['start', '--config', files.path], env)
    const before = answered.length
    const load = Array.from({ length: writers }, () => writeUntilKilled(gateway, answered))
    // Under load from the first answer on.
    while (answered.length === before) await new Promise(setImmediate)
    await new Promise((resolve) => setTimeout(resolve, momentMs))
    gateway.signal('SIGKILL')
    await gateway.ended
    await Promise.all(load)
  }
  // The next start signs what the last process had not.
  await (await startedProcess(['start', '--config', files.path], env)).stop()

  const trail = trailFiles(file)
  const checkpointFiles = [`${file}.checkpoints`]
  const report = await verifyTrail({ files: trail, checkpointFiles, publicKeys: [publicKey] })
  assert.equal(report.fault, undefined)
  const recorded = new Map<string, number>()
  for (const each of trail) {
    for (const [, id = ''] of (await readFile(each, 'utf8')).matchAll(/"requestId":"([^"]+)"/g)) {
      recorded.set(id, (recorded.get(id) ?? 0) + 1)
    }
  }
  assert.deepEqual(
    answered.filter((id) => recorded.get(id) !== 1),
    [],
  )
  assert.ok(answered.length > kills)
  const cuts = report.notes.filter((note) => note.includes('was cut off')).length
  assert.ok(cuts <= kills)
  context.diagnostic(
    `${answered.length} answered writes, ${report.records} records in ${trail.length} files, ` +
      `${report.checkpoints} checkpoints, ${cuts} cut lines`,
  )
})
