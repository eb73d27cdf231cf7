import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { acceptJob } from '../../src/jobs/accept-job.ts'
import { openFileBackend } from '../../src/jobs/sqlite/open-file-backend.ts'
import { requestContext } from '../support/request.ts'

test('a job that has begun counts as accepted, although its state could not be stored', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'magegate-accept-'))
  const backend = await openFileBackend(
    { file: join(folder, 'jobs.sqlite'), keepMs: 60_000, keepDeadMs: 60_000 },
    (error) => {
      throw error
    },
  )
  try {
    const begun = Promise.withResolvers<void>()
    const finish = Promise.withResolvers<void>()
    backend.jobs.consume(
      async () => {
        begun.resolve()
        await finish.promise
        return { state: 'done' }
      },
      { concurrency: 1 },
    )
    const store = {
      ...backend.store,
      add: async () => {
        await begun.promise
        throw Object.assign(new Error('away'), { code: 'EAWAY' })
      },
    }
    const request = requestContext({ method: 'POST', target: '/rest/V1/products', body: '{}' })
    request.verified = 'acme-erp'
    const deferral = {
      engine: 'gateway',
      orderKey: undefined,
      isRepeatable: false,
      lifeMs: 60_000,
      isAsked: true,
    } as const
    const answer = await acceptJob(request, deferral, { ...backend, store }, Date.now())
    finish.resolve()
    assert.ok('status' in answer)
    assert.equal(answer.status, 202)
  } finally {
    await backend.jobs.close(1_000)
    await backend.callbacks.close(0)
    await backend.close()
    await rm(folder, { recursive: true })
  }
})
