import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as delay, setImmediate as turn } from 'node:timers/promises'
import type { JobBackend } from '../../src/jobs/job-backend.ts'
import type { JobSender } from '../../src/jobs/job-environment.ts'
import { openJobs } from '../../src/jobs/open-jobs.ts'
import { openTestFileBackend } from '../support/file-backend.ts'
import { deferral, requestOfJob } from './deferred-request.ts'

/** Opens jobs of which two may wait, and notes what is counted and what fails. */
function openTestJobs(backend: JobBackend) {
  const events: string[] = []
  const settings = { concurrency: 1, maxWaiting: 2, retry: { firstMs: 1, longestMs: 1 } }
  const jobs = openJobs(backend, settings, {
    ...{ clock: Date.now, random: () => 0, recordEnd: async () => undefined },
    countAttempt: () => undefined,
    countAccepted: () => void events.push('accepted'),
    countEnd: ({ state }) => void events.push(state),
    onFault: (error) => void events.push(String(error)),
  })
  return { jobs, events, accept: (request = requestOfJob()) => jobs.accept(request, deferral) }
}

test('as many jobs as may wait are accepted and no more, and others once those are gone', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] })
  let told: readonly string[] = []
  {
    await using backend = await openTestFileBackend()
    const { jobs, events, accept } = openTestJobs(backend)
    const requests = [requestOfJob(), requestOfJob()]
    for (const request of requests) assert.ok('status' in (await accept(request)))
    const refused = await accept()
    assert.equal('code' in refused && refused.code, 'jobs-unavailable')
    for (const { jobId = '' } of requests) await backend.jobs.cancel(jobId)
    t.mock.timers.tick(1_000)
    // It comes after the look at the number of those that wait.
    await backend.jobs.cancel('absent')
    assert.ok('status' in (await accept()))
    await jobs.stop(0)
    told = events
  }
  // Nothing is looked at any more, which would fail.
  t.mock.timers.tick(1_000)
  await turn()
  assert.deepEqual(told, ['accepted', 'accepted', 'accepted'])
})

test('a look at the number of jobs that a stop cuts off is no fault', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] })
  await using backend = await openTestFileBackend()
  const look = Promise.withResolvers<never>()
  const queue = { ...backend.jobs, depth: () => look.promise }
  const { jobs, events } = openTestJobs({ ...backend, jobs: queue })
  t.mock.timers.tick(1_000)
  await jobs.stop(0)
  look.reject(new Error('closed'))
  await turn()
  assert.deepEqual(events, [])
})

test('a job ends as it did though its state cannot be read at first, nor its end be told of', async () => {
  await using backend = await openTestFileBackend()
  let reads = 0
  const get: JobBackend['store']['get'] = async (id) => {
    reads += 1
    if (reads === 1) throw Object.assign(new Error('away'), { code: 'EAWAY' })
    return backend.store.get(id)
  }
  const { jobs, events, accept } = openTestJobs({ ...backend, store: { ...backend.store, get } })
  const sender: JobSender = {
    send: async () => ({ status: 200, contentType: 'text/plain', body: Buffer.alloc(0) }),
    compose: () => assert.fail('it is no endpoint'),
    dropCarriedOut: async () => undefined,
    leave: () => undefined,
  }
  let ends = 0
  const onEnd = async () => {
    ends += 1
    if (ends === 1) throw new Error('untold')
  }
  await accept()
  jobs.start({ senderOf: () => sender, onEnd })
  for (;;) {
    const { waiting, running, dead } = await backend.jobs.depth()
    assert.equal(dead, 0)
    if (waiting + running === 0) break
    await delay(20)
  }
  await jobs.stop(0)
  assert.deepEqual(events, ['accepted', 'Error: away', 'Error: untold', 'done'])
})
