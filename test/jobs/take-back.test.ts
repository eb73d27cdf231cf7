import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import type { Job, JobStore } from '../../src/jobs/job.ts'
import type { JobBackend } from '../../src/jobs/job-backend.ts'
import { cancelJob, showJob } from '../../src/jobs/own-job.ts'
import { openFileBackend } from '../../src/jobs/sqlite/open-file-backend.ts'
import type { Rejection } from '../../src/problem.ts'
import type { WholeAnswer } from '../../src/request-context.ts'
import { entryOf } from './queue-contract.ts'

const owner = 'acme-erp'
const away = Object.assign(new Error('away'), { code: 'EAWAY' })

describe('a cancellation that was not finished', () => {
  let folder: string
  let backend: JobBackend
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'magegate-take-back-'))
    const settings = { file: join(folder, 'jobs.sqlite'), keepMs: 60_000, keepDeadMs: 60_000 }
    backend = await openFileBackend(settings, (error) => {
      throw error
    })
  })
  after(async () => {
    await backend.jobs.close(0)
    await backend.callbacks.close(0)
    await backend.close()
    await rm(folder, { recursive: true })
  })

  const told: Job[] = []
  const noted: Job[] = []
  const onCancelled = {
    tell: async (job: Job) => void told.push(job),
    note: async (job: Job) => void noted.push(job),
  }

  async function accepted(id: string): Promise<void> {
    told.length = 0
    noted.length = 0
    const times = { acceptedAtMs: Date.now(), expiresAtMs: Date.now() + 60_000 }
    const request = {
      requestId: 'r',
      traceId: 't',
      traceFlags: '01',
      method: 'POST',
      route: 'POST /V1/products',
    }
    await backend.store.add({ id, owner, ...request, ...times })
    await backend.jobs.put(entryOf(id))
  }

  /** Takes the entry out of the queue, and then cannot say so. */
  async function cutOff(id: string, nowMs: number): Promise<void> {
    const change: JobStore['change'] = async (...args) => {
      if (args[1].state !== undefined) throw away
      await backend.store.change(...args)
    }
    const cut = { ...backend, store: { ...backend.store, change } }
    await assert.rejects(cancelJob(id, owner, cut, nowMs, onCancelled), { code: 'EAWAY' })
    assert.equal(await backend.jobs.cancel(id), 'absent')
  }

  function stateOf(answer: WholeAnswer | Rejection): unknown {
    assert.ok('body' in answer, JSON.stringify(answer))
    return JSON.parse(answer.body.toString()).state
  }

  test('is finished when its owner looks at the job, and told once more as the same end', async () => {
    await accepted('looked-at')
    const nowMs = Date.now()
    await cutOff('looked-at', nowMs)
    // Whoever began it may be about to.
    const soon = await showJob('looked-at', owner, backend, nowMs + 100, onCancelled)
    assert.equal(stateOf(soon), 'waiting')
    const later = await showJob('looked-at', owner, backend, nowMs + 20_000, onCancelled)
    assert.equal(stateOf(later), 'cancelled')
    assert.deepEqual(
      told.map(({ endedAtMs }) => endedAtMs),
      [nowMs, nowMs],
    )
    assert.equal(noted.length, 1)
    const again = await showJob('looked-at', owner, backend, nowMs + 30_000, onCancelled)
    assert.equal(stateOf(again), 'cancelled')
    assert.equal(noted.length, 1)
  })

  test('is finished when it is asked for again', async () => {
    await accepted('asked-again')
    const nowMs = Date.now()
    await cutOff('asked-again', nowMs)
    const again = await cancelJob('asked-again', owner, backend, nowMs + 100, onCancelled)
    assert.equal(stateOf(again), 'cancelled')
    assert.equal((await backend.store.get('asked-again'))?.state, 'cancelled')
  })

  test('of a job that was over before is none', async () => {
    await accepted('over')
    const nowMs = Date.now()
    await backend.store.change('over', { cancelAskedAtMs: nowMs, state: 'done', endedAtMs: nowMs })
    await backend.jobs.cancel('over')
    const shown = await showJob('over', owner, backend, nowMs + 20_000, onCancelled)
    assert.equal(stateOf(shown), 'done')
    assert.deepEqual(told, [])
  })

  test('is not remembered of a job that had begun', async () => {
    await accepted('begun')
    const finish = Promise.withResolvers<void>()
    const begun = Promise.withResolvers<void>()
    const atMs = Date.now() + 3_600_000
    backend.jobs.consume(
      async () => {
        begun.resolve()
        await finish.promise
        return { state: 'retry', atMs, reason: 'maintenance', isUntouched: true }
      },
      { concurrency: 1 },
    )
    await begun.promise
    const nowMs = Date.now()
    const refused = await cancelJob('begun', owner, backend, nowMs, onCancelled)
    assert.ok('code' in refused)
    assert.equal(refused.code, 'job-begun')
    finish.resolve()
    while ((await backend.jobs.depth()).running > 0);
    const shown = await showJob('begun', owner, backend, nowMs + 20_000, onCancelled)
    assert.equal(stateOf(shown), 'waiting')
  })
})
