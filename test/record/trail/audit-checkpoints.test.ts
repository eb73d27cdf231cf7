import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { Secret } from '../../../src/contract/secret.ts'
import { tellOnce } from '../../../src/lasting/tell-once.ts'
import { openAuditCheckpoints } from '../../../src/record/trail/audit-checkpoints.ts'
import { genesis } from '../../../src/record/trail/chain.ts'
import { temporaryFolder } from '../../support/shared.ts'

const { privateKey } = generateKeyPairSync('ed25519')

test('a second place that is full is named, and does not keep it a secret that the trail is full', async () => {
  const trail = join(await temporaryFolder(), 'audit.jsonl')
  await writeFile(trail, '')
  const told: string[] = []
  const tell = tellOnce((error) => told.push((error as Error).message))
  const checkpoints = await openAuditCheckpoints(
    trail,
    {
      key: new Secret(String(privateKey.export({ type: 'pkcs8', format: 'pem' }))),
      ...{ everyRecords: 1, everySeconds: 3_600, copyTo: { file: '/dev/full' } },
    },
    tell,
  )
  checkpoints.add([{ ...genesis, seq: 1 }])
  await checkpoints.close()
  tell(Object.assign(new Error('the trail is full'), { code: 'ENOSPC' }))
  assert.deepEqual(told, [
    'checkpoints do not arrive at audit.checkpoints.copyTo.file',
    'the trail is full',
  ])
})

test('a key of another kind is refused', async () => {
  const other = generateKeyPairSync('ed448').privateKey.export({ type: 'pkcs8', format: 'pem' })
  const settings = { key: new Secret(String(other)), everyRecords: 1, everySeconds: 3_600 }
  const open = () => openAuditCheckpoints('/nowhere/audit.jsonl', settings, assert.ifError)
  await assert.rejects(open, { message: 'audit.checkpoints.key is no Ed25519 key' })
})
