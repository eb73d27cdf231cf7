import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { eachDead } from '../../src/cli/jobs/each-dead.ts'
import { allDead } from '../../src/jobs/all-dead.ts'
import { BackendError } from '../../src/jobs/job-backend.ts'
import { entryOf } from '../jobs/deliveries.ts'
import { openTestFileBackend } from '../support/file-backend.ts'

const backend = await openTestFileBackend()
after(() => backend[Symbol.asyncDispose]())

const said = { done: 'is done', missing: 'is missing' }

test('a dead letter that cannot be changed does not keep the others from it, and the exit code is 1', async () => {
  const asked: string[] = []
  const act = async (id: string) => {
    asked.push(id)
    if (id === 'b') throw new BackendError('BROKER_HAS_NO_QUEUE', 'no queue')
    return true
  }
  assert.equal(await eachDead(backend.jobs, ['a', 'b', 'c'], act, said), 1)
  assert.deepEqual(asked, ['a', 'b', 'c'])
  assert.equal(await eachDead(backend.jobs, ['a', 'c'], act, said), 0)
})

test('all dead letters are found, however many there are', async () => {
  const ids = Array.from({ length: 400 }, (_, index) => `letter-${index}`)
  await Promise.all(ids.map((id) => backend.jobs.put(entryOf(id))))
  backend.jobs.consume(async () => ({ state: 'dead', reason: 'gone' }), { concurrency: 100 })
  while ((await backend.jobs.depth()).dead < ids.length);
  const found = (await allDead(backend.jobs)).map(({ id }) => id)
  assert.deepEqual(found.toSorted(), ids.toSorted())
})

test('if RabbitMQ or Redis is away, it is told once and not for each letter', async () => {
  for (const code of ['BROKER_AWAY', 'BROKER_FULL', 'REDIS_AWAY']) {
    const away = new BackendError(code, 'away')
    const act = () => Promise.reject(away)
    await assert.rejects(eachDead(backend.jobs, ['a', 'b'], act, said), away)
  }
})
