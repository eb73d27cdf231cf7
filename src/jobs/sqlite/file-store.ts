import { ownBytes } from '../../contract/own-bytes.ts'
import type { Job, JobChange, JobStore } from '../job.ts'
import { bufferOf } from './crossing-bytes.ts'
import type { JobFile } from './job-file.ts'

/** The states of jobs in the same file as their queue. */
export function fileStore(file: JobFile): JobStore {
  return {
    add: (job) => file.run('addJob', job),
    get: async (id) => {
      const job = await file.run('getJob', id)
      return job && withBuffer(job)
    },
    change: (id, change) => file.run('changeJob', id, withOwnBytes(change)),
    putResults: (id, from, results) => file.run('putResults', id, from, results),
    results: (id) => file.run('results', id),
    list: async (query) => (await file.run('listJobs', query)).map(withBuffer),
  }
}

function withBuffer(job: Job): Job {
  const { answer } = job
  if (answer?.body === undefined) return job
  return { ...job, answer: { ...answer, body: bufferOf(answer.body) } }
}

function withOwnBytes(change: JobChange): JobChange {
  const { answer } = change
  if (answer?.body === undefined) return change
  return { ...change, answer: { ...answer, body: ownBytes(answer.body) } }
}
