import assert from 'node:assert/strict'
import { test } from 'node:test'
import { errorCode } from '../../src/contract/error-code.ts'
import { acceptJob } from '../../src/jobs/accept-job.ts'
import type { AcceptedJob } from '../../src/jobs/job.ts'
import { BackendError, type JobBackend } from '../../src/jobs/job-backend.ts'
import { decodeJobRequest } from '../../src/jobs/job-payload.ts'
import { openTestFileBackend } from '../support/file-backend.ts'
import { requestContext } from '../support/request.ts'
import { deferral, requestOfJob } from './deferred-request.ts'

/** The store of a backend, which cannot be reached. */
function awayStore({ store }: JobBackend, until: Promise<void> = Promise.resolve()) {
  const add = async () => {
    await until
    throw new BackendError('EAWAY', 'away')
  }
  return { ...store, add }
}

test('a job that has begun counts as accepted, although its state could not be stored', async () => {
  await using backend = await openTestFileBackend()
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
  const store = awayStore(backend, begun.promise)
  const answer = await acceptJob(
    requestOfJob(),
    deferral,
    { ...backend, store },
    Date.now(),
    assert.ifError,
  )
  finish.resolve()
  assert.ok('status' in answer)
  assert.equal(answer.status, 202)
})

test('a job that has ended counts as accepted, although nobody confirmed that it was put', async () => {
  await using backend = await openTestFileBackend()
  const ended = Promise.withResolvers<void>()
  const store = {
    ...backend.store,
    add: async (job: AcceptedJob) => {
      await backend.store.add(job)
      await backend.store.change(job.id, { state: 'done' })
      ended.resolve()
    },
  }
  const put = async () => {
    await ended.promise
    throw new BackendError('EAWAY', 'away')
  }
  const parts = { ...backend, store, jobs: { ...backend.jobs, put } }
  const request = requestOfJob()
  const answer = await acceptJob(request, deferral, parts, Date.now(), assert.ifError)
  assert.ok('status' in answer)
  assert.equal(answer.status, 202)
  assert.equal((await store.get(request.jobId ?? ''))?.state, 'done')
})

test('a request has the id of its job before that is stored, for its caller may leave meanwhile', async () => {
  await using backend = await openTestFileBackend()
  const request = requestOfJob()
  const accepted = acceptJob(request, deferral, backend, Date.now(), assert.ifError)
  const { jobId } = request
  const answer = await accepted
  assert.ok('status' in answer)
  assert.equal(JSON.parse(answer.body.toString()).jobId, jobId)
})

test('a request whose job could not be kept has no job, and the cause is told of', async () => {
  await using backend = await openTestFileBackend()
  const request = requestOfJob()
  const store = awayStore(backend)
  const faults: unknown[] = []
  const tell = (fault: unknown) => faults.push(fault)
  const answer = await acceptJob(request, deferral, { ...backend, store }, Date.now(), tell)
  assert.deepEqual(faults.map(errorCode), ['EAWAY'])
  assert.ok('code' in answer)
  assert.deepEqual([answer.code, request.jobId], ['jobs-unavailable', undefined])
  assert.equal(answer.detail, undefined)
})

test('a job that could not be put in its queue does not wait for ever in the lists of operators', async () => {
  await using backend = await openTestFileBackend()
  const away = () => Promise.reject(new BackendError('EAWAY', 'away'))
  const jobs = { ...backend.jobs, put: away }
  const ignore = () => undefined
  const answer = await acceptJob(requestOfJob(), deferral, { ...backend, jobs }, Date.now(), ignore)
  assert.ok('code' in answer)
  const kept = await backend.store.list({ limit: 2 })
  assert.deepEqual(
    kept.map(({ state }) => state),
    ['cancelled'],
  )
})

test('a defect where a job is kept is no outage of what keeps it, and nothing of the job stays', async () => {
  await using backend = await openTestFileBackend()
  const request = requestOfJob()
  const add = async () => {
    // Errors of Node have a code, too.
    throw Object.assign(new TypeError('inner workings'), { code: 'ERR_INVALID_ARG_TYPE' })
  }
  const store = { ...backend.store, add }
  const accepting = acceptJob(request, deferral, { ...backend, store }, Date.now(), assert.ifError)
  await assert.rejects(accepting, { message: 'inner workings' })
  assert.equal(request.jobId, undefined)
  assert.equal((await backend.jobs.depth()).waiting, 0)
})

test('a request whose job may be carried out all the same has it, and is told so', async () => {
  await using backend = await openTestFileBackend()
  const request = requestOfJob()
  const away = () => Promise.reject(new BackendError('EAWAY', 'away'))
  const jobs = { ...backend.jobs, put: away, cancel: away }
  const ignore = () => undefined
  const answer = await acceptJob(request, deferral, { ...backend, jobs }, Date.now(), ignore)
  assert.ok('code' in answer)
  assert.match(String(answer.detail), /not known whether/)
  assert.ok(request.jobId)
})

test('a job keeps no credential of its caller, and no field of its connection', async () => {
  await using backend = await openTestFileBackend()
  const request = requestContext({
    method: 'POST',
    target: '/rest/V1/products',
    headers: {
      Authorization: 'Bearer of-the-caller',
      Cookie: 'PHPSESSID=of-the-caller',
      'X-Signature': 'of-the-caller',
      Connection: 'X-Own',
      'X-Own': 'of the connection',
      'Accept-Language': 'de',
      'Content-Type': 'application/json',
    },
    body: '{}',
  })
  request.verified = 'acme-erp'
  const stored = new Promise<Buffer>((resolve) => {
    const handle = async ({ payload }: { readonly payload: Buffer }) => {
      resolve(payload)
      return { state: 'done' } as const
    }
    backend.jobs.consume(handle, { concurrency: 1 })
  })
  await acceptJob(request, deferral, backend, Date.now(), assert.ifError)
  assert.deepEqual(decodeJobRequest(await stored).headers, [
    ...['accept-language', 'de'],
    ...['content-type', 'application/json'],
  ])
})
