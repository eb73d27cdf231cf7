import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import type { WholeAnswer } from '../../src/contract/whole-answer.ts'
import type { Job, JobStore } from '../../src/jobs/job.ts'
import { type OwnJobs, ownJobs } from '../../src/jobs/own-jobs.ts'
import { takeBack } from '../../src/jobs/take-back.ts'
import type { Rejection } from '../../src/problem.ts'
import { acceptedJob } from '../support/accepted-job.ts'
import { openTestFileBackend } from '../support/file-backend.ts'
import { entryOf } from './deliveries.ts'

const owner = 'acme-erp'
const away = Object.assign(new Error('away'), { code: 'EAWAY' })

describe('a cancellation that was not finished', () => {
  let backend: Awaited<ReturnType<typeof openTestFileBackend>>
  let own: OwnJobs
  before(async () => {
    backend = await openTestFileBackend()
    own = ownJobs(backend, onCancelled)
  })
  after(() => backend[Symbol.asyncDispose]())

  const told: Job[] = []
  const noted: Job[] = []
  const onCancelled = {
    tell: async (job: Job) => void told.push(job),
    note: async (job: Job) => void noted.push(job),
  }
  const show = (id: string, nowMs: number) => own.show({ id, owner }, nowMs)
  const cancel = (id: string, nowMs: number) => own.cancel({ id, owner }, nowMs)

  async function accepted(id: string): Promise<void> {
    told.length = 0
    noted.length = 0
    await backend.store.add(acceptedJob(id))
    await backend.jobs.put(entryOf(id))
  }

  /** Cancels an entry, but cannot store that the job is cancelled. */
  async function cutOff(id: string, nowMs: number): Promise<void> {
    const change: JobStore['change'] = async (...args) => {
      if (args[1].state !== undefined) throw away
      await backend.store.change(...args)
    }
    const cut = { ...backend, store: { ...backend.store, change } }
    const cancelling = ownJobs(cut, onCancelled).cancel({ id, owner }, nowMs)
    await assert.rejects(cancelling, { code: 'EAWAY' })
    assert.equal(await backend.jobs.cancel(id), 'absent')
  }

  function stateOf(answer: WholeAnswer | Rejection): unknown {
    assert.ok('body' in answer, JSON.stringify(answer))
    return JSON.parse(answer.body.toString()).state
  }

  test('is finished when its owner looks at the job, who is told of the same end once more', async () => {
    await accepted('looked-at')
    const nowMs = Date.now()
    await cutOff('looked-at', nowMs)
    // Whoever began the cancellation may be about to finish it.
    const soon = await show('looked-at', nowMs + 100)
    assert.equal(stateOf(soon), 'waiting')
    const later = await show('looked-at', nowMs + 20_000)
    assert.equal(stateOf(later), 'cancelled')
    assert.deepEqual(
      told.map(({ endedAtMs }) => endedAtMs),
      [nowMs, nowMs],
    )
    assert.equal(noted.length, 1)
    const again = await show('looked-at', nowMs + 30_000)
    assert.equal(stateOf(again), 'cancelled')
    assert.equal(noted.length, 1)
  })

  test('is finished when it is asked for again', async () => {
    await accepted('asked-again')
    const nowMs = Date.now()
    await cutOff('asked-again', nowMs)
    const again = await cancel('asked-again', nowMs + 100)
    assert.equal(stateOf(again), 'cancelled')
    assert.equal((await backend.store.get('asked-again'))?.state, 'cancelled')
  })

  test('is finished although another process has asked for it at the same time', async () => {
    await accepted('asked-twice')
    const nowMs = Date.now()
    const before = await backend.store.get('asked-twice')
    assert.ok(before)
    await cutOff('asked-twice', nowMs)
    assert.equal(await takeBack(before, backend, onCancelled.tell, nowMs), undefined)
    assert.equal(stateOf(await show('asked-twice', nowMs + 20_000)), 'cancelled')
    assert.equal(noted.length, 1)
  })

  test('leaves a job as it is that was over before', async () => {
    await accepted('over')
    const nowMs = Date.now()
    await backend.store.change('over', { cancelAskedAtMs: nowMs, state: 'done', endedAtMs: nowMs })
    await backend.jobs.cancel('over')
    const shown = await show('over', nowMs + 20_000)
    assert.equal(stateOf(shown), 'done')
    assert.deepEqual(told, [])
  })

  test('leaves a job as it is that has ended since it was looked at', async () => {
    await accepted('ended')
    const nowMs = Date.now()
    await backend.store.change('ended', { cancelAskedAtMs: nowMs })
    const before = await backend.store.get('ended')
    assert.ok(before)
    await backend.jobs.cancel('ended')
    await backend.store.change('ended', { state: 'done', endedAtMs: nowMs })
    assert.equal(await takeBack(before, backend, onCancelled.tell, nowMs), undefined)
    assert.equal((await backend.store.get('ended'))?.state, 'done')
    assert.deepEqual(told, [])
  })

  test('tells of the attempts that were made since the job was looked at', async () => {
    await accepted('tried')
    const before = await backend.store.get('tried')
    assert.ok(before)
    await backend.store.change('tried', { attempts: 2 })
    const cancelled = await takeBack(before, backend, onCancelled.tell, Date.now())
    assert.equal(cancelled?.attempts, 2)
    assert.deepEqual(
      told.map(({ attempts }) => attempts),
      [2],
    )
  })

  test('is waited for if it is asked for meanwhile, and is told and recorded once', async () => {
    await accepted('at-once')
    const nowMs = Date.now()
    const answers = await Promise.all([cancel('at-once', nowMs), cancel('at-once', nowMs)])
    assert.deepEqual(answers.map(stateOf), ['cancelled', 'cancelled'])
    assert.equal(told.length, 1)
    assert.equal(noted.length, 1)
    const late = await cancel('at-once', nowMs)
    assert.ok('code' in late)
    assert.equal(late.code, 'job-begun')
  })

  test('is forgotten if the job had begun', async () => {
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
    const refused = await cancel('begun', nowMs)
    assert.ok('code' in refused)
    assert.equal(refused.code, 'job-begun')
    finish.resolve()
    while ((await backend.jobs.depth()).running > 0) await delay(5)
    const shown = await show('begun', nowMs + 20_000)
    assert.equal(stateOf(shown), 'waiting')
  })
})
