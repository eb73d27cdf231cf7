import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { JobBackend } from '../../src/jobs/job-backend.ts'
import { openFileBackend } from '../../src/jobs/sqlite/open-file-backend.ts'

/** Keeps jobs in a file of the test's own; whatever fails of it ends the test. */
export async function openTestFileBackend(): Promise<JobBackend & AsyncDisposable> {
  const folder = await mkdtemp(join(tmpdir(), 'magegate-jobs-'))
  const settings = { file: join(folder, 'jobs.sqlite'), keepMs: 3_600_000, keepDeadMs: 3_600_000 }
  const backend = await openFileBackend(settings, (error) => {
    throw error
  })
  return {
    ...backend,
    [Symbol.asyncDispose]: async () => {
      await backend.jobs.close(1_000)
      await backend.callbacks.close(1_000)
      await backend.close()
      await rm(folder, { recursive: true })
    },
  }
}
