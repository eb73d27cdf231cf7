import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { Secret } from '../../../src/contract/secret.ts'
import type { AuditRecord } from '../../../src/record/audit-record.ts'
import { compileRedaction } from '../../../src/record/redaction/compile-redaction.ts'
import { openAuditLog } from '../../../src/record/trail/audit-log.ts'
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
