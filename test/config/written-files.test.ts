import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { temporaryFolder } from '../support/shared.ts'
import { configFaults } from './config-faults.ts'

const folder = await temporaryFolder()

const keyFile = join(folder, 'key.pem')
const { privateKey } = generateKeyPairSync('ed25519')
await writeFile(keyFile, privateKey.export({ type: 'pkcs8', format: 'pem' }))
const key = `file:${keyFile}`

const faultsOf = async (gateway: Readonly<Record<string, object>>) => [
  ...(await configFaults({ gateway })),
]

test('no two things that the gateway writes share a file, however its path is written', async () => {
  const trail = '/var/lib/magegate/audit.jsonl'
  const checkpoints = (file: string) => ({ key, copyTo: { file } })
  const faults = [
    await faultsOf({ audit: { file: trail }, jobs: { file: '/var/lib/magegate/./audit.jsonl' } }),
    await faultsOf({ audit: { file: 'a' }, jobs: { file: join(process.cwd(), 'a') } }),
    await faultsOf({ audit: { file: trail, checkpoints: checkpoints(trail) } }),
    await faultsOf({ audit: { file: trail, checkpoints: checkpoints(`${trail}.checkpoints`) } }),
    await faultsOf({
      audit: { file: trail, checkpoints: checkpoints('/mnt/copy') },
      jobs: { file: '/mnt/copy' },
    }),
  ]
  assert.deepEqual(faults, [
    [['/jobs/file', 'another file than that of /audit/file']],
    [['/jobs/file', 'another file than that of /audit/file']],
    [['/audit/checkpoints/copyTo/file', 'another file than that of /audit/file']],
    [['/audit/checkpoints/copyTo/file', 'another file than that of /audit/checkpoints']],
    [['/jobs/file', 'another file than that of /audit/checkpoints/copyTo/file']],
  ])
  const apart = {
    audit: { file: trail, checkpoints: checkpoints('/mnt/copy') },
    jobs: { file: 'j' },
  }
  assert.deepEqual(await faultsOf(apart), [])
})

test('a file to write is a path, and no reference as a secret is', async () => {
  const expected = 'a path; only secrets are references'
  const faults = await faultsOf({ audit: { file: 'env:TRAIL' }, jobs: { file: 'file:jobs' } })
  assert.deepEqual(faults, [
    ['/audit/file', expected],
    ['/jobs/file', expected],
  ])
})

test('a file to write is not a path that no file can have', async () => {
  const expected = 'the path of a file, without a NUL character'
  for (const file of ['var/\0audit', '\0', '/', '.', 'var/..', 'var/audit/']) {
    const copies = { audit: { file: 'a', checkpoints: { key, copyTo: { file } } } }
    for (const [pointer, gateway] of [
      ['/audit/file', { audit: { file } }],
      ['/audit/checkpoints/copyTo/file', copies],
      ['/jobs/file', { jobs: { file } }],
    ] as const) {
      assert.deepEqual(await faultsOf(gateway), [[pointer, expected]], JSON.stringify(file))
    }
  }
})

test('a file to write has a name to which the time of a rotation can be appended', async () => {
  const audit = (length: number) => ({ file: `/var/${'ü'.repeat(length / 2)}` })
  const jobs = (length: number) => ({ file: `${'j'.repeat(100)}/${'j'.repeat(length)}` })
  const checkpoints = { key }
  assert.deepEqual(await faultsOf({ audit: { ...audit(200), checkpoints }, jobs: jobs(200) }), [])
  const expected = 'a name of at most 200 bytes, to which others are appended'
  assert.deepEqual(await faultsOf({ audit: audit(202), jobs: jobs(201) }), [
    ['/audit/file', expected],
    ['/jobs/file', expected],
  ])
})

test('an empty name of a file is refused, since it would mean another place', async () => {
  const pointers = async (gateway: Readonly<Record<string, object>>) =>
    (await faultsOf(gateway)).map(([pointer]) => pointer)
  assert.deepEqual(await pointers({ listen: { host: '' } }), ['/listen/host'])
  assert.deepEqual(await pointers({ admin: { host: '', port: 9090 } }), ['/admin/host'])
  assert.deepEqual(await pointers({ audit: { file: '' } }), ['/audit/file'])
  const copies = { audit: { checkpoints: { key, copyTo: { file: '' } } } }
  assert.deepEqual(await pointers(copies), ['/audit/checkpoints/copyTo/file'])
  const sentinel = { store: { sentinel: { primary: '', nodes: ['redis:26379'] } } }
  assert.deepEqual(await pointers(sentinel), ['/store/sentinel/primary'])
})

test('a trail, or a copy of its checkpoints, has no name by which it would be read as a compressed file', async () => {
  const expected = 'a name without .gz or .zst at its end, since it is not compressed'
  for (const file of ['var/audit.gz', 'audit.jsonl.zst']) {
    assert.deepEqual(await faultsOf({ audit: { file } }), [['/audit/file', expected]])
    const copies = { audit: { file: 'a', checkpoints: { key, copyTo: { file } } } }
    assert.deepEqual(await faultsOf(copies), [['/audit/checkpoints/copyTo/file', expected]])
  }
})
