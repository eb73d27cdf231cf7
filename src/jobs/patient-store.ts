import { setTimeout as delay } from 'node:timers/promises'
import type { JobStore } from './job.ts'

const tryAgainMs = 500

/**
 * A store for whoever carries jobs out, and has time: what cannot be kept or read at present is tried again
 * until it can, so that no job ends for it.
 * @param onFault told of each failure
 */
export function patientStore(store: JobStore, onFault: (error: unknown) => void): JobStore {
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

  return {
    add: (job) => patiently(() => store.add(job)),
    get: (id) => patiently(() => store.get(id)),
    change: (id, change) => patiently(() => store.change(id, change)),
    putResults: (id, from, results) => patiently(() => store.putResults(id, from, results)),
    results: (id) => patiently(() => store.results(id)),
    dropResults: (id) => patiently(() => store.dropResults(id)),
    list: (query) => patiently(() => store.list(query)),
  }
}
