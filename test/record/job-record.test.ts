import assert from 'node:assert/strict'
import { test } from 'node:test'
import { jobRecord } from '../../src/record/job-record.ts'
import { endedJob } from '../support/ended-job.ts'

test('a job whose end the clock puts before its beginning took no time', () => {
  const endedAtMs = endedJob.acceptedAtMs - 60_000
  assert.equal(jobRecord({ ...endedJob, endedAtMs }, undefined, endedAtMs).durationMs, 0)
})
