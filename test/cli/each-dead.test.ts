import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { eachDead } from '../../src/cli/jobs/each-dead.ts'
import { openFileBackend } from '../../src/jobs/sqlite/open-file-backend.ts'

const folder = await mkdtemp(join(tmpdir(), 'magegate-each-dead-'))
const life = { keepMs: 60_000, keepDeadMs: 60_000 }
const backend = await openFileBackend({ file: join(folder, 'jobs.sqlite'), ...life }, (error) => {
  throw error
})
after(async () => {
  await backend.jobs.close(0)
  await backend.callbacks.close(0)
  await backend.close()
  await rm(folder, { recursive: true })
})

const said = { done: 'is done', missing: 'is missing' }

test('a dead letter that cannot be changed does not keep the others from it, and the exit code is 1', async () => {
  const asked: string[] = []
  const act = async (id: string) => {
    asked.push(id)
    if (id === 'b') throw Object.assign(new Error('no queue'), { code: 'BROKER_HAS_NO_QUEUE' })
    return true
  }
  assert.equal(await eachDead(backend.jobs, ['a', 'b', 'c'], act, said), 1)
  assert.deepEqual(asked, ['a', 'b', 'c'])
  assert.equal(await eachDead(backend.jobs, ['a', 'c'], act, said), 0)
})

test('if RabbitMQ is away, it is told once and not for each letter', async () => {
  const away = Object.assign(new Error('away'), { code: 'BROKER_AWAY' })
  const act = () => Promise.reject(away)
  await assert.rejects(eachDead(backend.jobs, ['a', 'b'], act, said), away)
})
