import type { DurableQueue } from './durable-queue.ts'
import type { Job, JobStore } from './job.ts'

/** What keeps jobs: a file of this machine, or a broker and Redis. */
export interface JobBackend {
  /** Requests that were accepted and are sent later. */
  readonly jobs: DurableQueue
  /** Call-backs that are to be delivered, a queue of its own of the same kind. */
  readonly callbacks: DurableQueue
  readonly store: JobStore
  /** Whether entries can be put at present, for readiness; absent where that cannot fail by itself. */
  readonly isAway?: () => boolean
  /** Whether this process can do nothing with jobs any more until it is started anew; absent where that cannot be. */
  readonly isLost?: () => boolean
  /** Gives back what it holds, after both queues are closed. */
  readonly close: () => Promise<void>
}

/**
 * Told of a job that is over, cancelled ones too, before its entry is settled: at least once, again after a
 * kill. Whoever has to tell somebody puts that into a durable queue before it resolves. It does not reject
 * for what can be tried again later.
 */
export type OnJobEnd = (job: Job) => Promise<void>
