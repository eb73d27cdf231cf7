import { untilDone } from './durable-queue.ts'
import type { JobStore } from './job.ts'

/**
 * A store for carrying out jobs, where there is time to wait: whatever fails is tried again until it succeeds, so
 * that no job ends because of the store. Reads and changes of a job wait for earlier changes of it, so that a
 * change that is tried again cannot undo a later one.
 * @param onFault told of each failure
 */
export function patientStore(store: JobStore, onFault: (error: unknown) => void): JobStore {
  // The last change of each job that has changes under way.
  const changes = new Map<string, Promise<void>>()

  const patiently = <Result>(act: () => Promise<Result>) => untilDone(act, onFault)

  async function change(...[id, values]: Parameters<JobStore['change']>): Promise<void> {
    const before = changes.get(id)
    const changed = (async () => {
      await before
      await patiently(() => store.change(id, values))
    })()
    changes.set(id, changed)
    await changed
    if (changes.get(id) === changed) changes.delete(id)
  }

  return {
    add: (job) => patiently(() => store.add(job)),
    get: async (id) => {
      await changes.get(id)
      return patiently(() => store.get(id))
    },
    change,
    putResults: (id, from, results) => patiently(() => store.putResults(id, from, results)),
    results: (id) => patiently(() => store.results(id)),
    list: (query) => patiently(() => store.list(query)),
  }
}
