import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { cp, open as openFile, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { Secret } from '../../../src/contract/secret.ts'
import type { AuditRecord } from '../../../src/record/audit-record.ts'
import { compileRedaction } from '../../../src/record/redaction/compile-redaction.ts'
import { openAuditLog } from '../../../src/record/trail/audit-log.ts'
import { segmentFiles } from '../../../src/record/trail/segment-files.ts'
import { trailFiles } from '../../../src/verify/trail-files.ts'
import { verifyTrail } from '../../../src/verify/verify-trail.ts'
import { temporaryFolder } from '../../support/shared.ts'

test('redacting a secret that spans the end of a line joins no lines', async () => {
  const folder = await temporaryFolder()
  const file = join(folder, 'audit.jsonl')
  const redact = await compileRedaction(
    ['one"}\n{"path":"two', 'within-a-line'].map((text) => new Secret(text)),
  )
  const log = await openAuditLog({ file }, redact, (error) => assert.fail(String(error)))
  const paths = ['one', 'two', 'within-a-line']
  const records = paths.map((path) => ({ path }) as AuditRecord)
  assert.equal(await log.write(records), 3)
  await log.close()
  const lines = (await readFile(file, 'utf8')).trimEnd().split('\n')
  const shown = lines.map((line) => (JSON.parse(line) as AuditRecord).path)
  assert.deepEqual(shown, ['one', 'two', '[redacted]'])
})

test('nothing more is tried once it is closed, though it has failed to write', async (context) => {
  context.mock.timers.enable({ apis: ['setTimeout'] })
  const errors: unknown[] = []
  const log = await openAuditLog({ file: '/dev/full' }, String, (error) => errors.push(error))
  assert.equal(await log.write([{ path: 'one' } as AuditRecord]), 0)
  await log.close()
  context.mock.timers.tick(1_000)
  await new Promise(setImmediate)
  assert.equal(errors.length, 1)
})

test('a record that comes once it is closed does not count as written, and is in no file that was opened since', async () => {
  const folder = await temporaryFolder()
  const fail = (error: unknown) => assert.fail(String(error))
  const log = await openAuditLog({ file: join(folder, 'audit.jsonl') }, String, fail)
  await log.close()
  // It gets the number that is free now.
  await using other = await openFile(join(folder, 'other'), 'a')
  let isWritten = false
  void log.write([{ path: 'late' } as AuditRecord]).then(() => {
    isWritten = true
  })
  for (let turn = 0; turn < 10; turn += 1) await other.sync()
  assert.equal(await readFile(join(folder, 'other'), 'utf8'), '')
  assert.equal(isWritten, false)
})

test('files are deleted only once they are signed, so that a kill leaves no gap between checkpoints', async () => {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519')
  const key = new Secret(String(privateKey.export({ type: 'pkcs8', format: 'pem' })))
  const fail = (error: unknown) => assert.fail(String(error))
  const open = (folder: string) =>
    openAuditLog(
      {
        file: join(folder, 'audit.jsonl'),
        rotate: { sizeMiB: 1, keep: 1, compress: 'none' },
        checkpoints: { key, everyRecords: 1_000_000, everySeconds: 86_400 },
      },
      String,
      fail,
    )
  const [folder, killed] = [await temporaryFolder(), await temporaryFolder()]
  const record = { path: 'x'.repeat(1_048_576) } as AuditRecord
  const signed = await open(folder)
  await signed.write([record])
  await signed.close()
  const log = await open(folder)
  for (let line = 0; line < 3; line += 1) {
    await log.write([record])
    while (segmentFiles(join(folder, 'audit.jsonl')).length > 1) await new Promise(setImmediate)
  }
  await cp(folder, killed, { recursive: true })
  await log.close()
  await (await open(killed)).close()
  const file = join(killed, 'audit.jsonl')
  const report = await verifyTrail({
    files: trailFiles(file),
    checkpointFiles: [`${file}.checkpoints`],
    publicKeys: [publicKey],
  })
  assert.equal(report.fault, undefined)
  assert.equal(report.notes.join(), 'the trail begins with record 4')
})
