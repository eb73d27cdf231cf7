import { setTimeout as delay } from 'node:timers/promises'
import type { JobStore } from './job.ts'

const tryAgainMs = 500

/**
 * A store for whoever carries jobs out, and has time: what cannot be kept or read at present is tried again
 * until it can, so that no job ends for it. What is asked of one job waits for the changes of it that were
 * asked for before, so that one that is tried again does not undo a later one.
 * @param onFault told of each failure
 */
export function patientStore(store: JobStore, onFault: (error: unknown) => void): JobStore {
  // The last change of each job that has changes under way.
  const changes = new Map<string, Promise<void>>()

  async function patiently<Result>(act: () => Promise<Result>): Promise<Result> {
    for (;;) {
      try {
        return await act()
      } catch (error) {
        onFault(error)
        await delay(tryAgainMs)
      }
    }
  }

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
