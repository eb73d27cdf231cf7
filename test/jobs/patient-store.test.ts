import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { JobStore } from '../../src/jobs/job.ts'
import { patientStore } from '../../src/jobs/patient-store.ts'
import { acceptedJob } from '../support/accepted-job.ts'
import { openTestFileBackend } from '../support/file-backend.ts'

test('a change that is retried does not undo a later one', async () => {
  await using backend = await openTestFileBackend()
  await backend.store.add(acceptedJob('late'))
  // The later one is stored before the earlier one, unless it waits for it.
  const failures = ['running', 'running', 'done']
  const failing: JobStore = {
    ...backend.store,
    change: async (id, change) => {
      const next = failures.indexOf(String(change.state))
      if (next !== -1) {
        failures.splice(next, 1)
        throw new Error('away')
      }
      await backend.store.change(id, change)
    },
  }
  const faults: unknown[] = []
  const store = patientStore(failing, (error) => faults.push(error))
  const running = store.change('late', { state: 'running', attempts: 1 })
  const done = store.change('late', { state: 'done', endedAtMs: 5 })
  const seen = store.get('late')
  await running
  const seenMeanwhile = store.get('late')
  await done
  assert.equal((await backend.store.get('late'))?.state, 'done')
  assert.equal((await seen)?.state, 'done')
  assert.equal((await seenMeanwhile)?.state, 'done')
  assert.equal(faults.length, 3)
})
