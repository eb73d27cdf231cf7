import type { DurableQueue } from './durable-queue.ts'
import type { Job, JobStore } from './job.ts'

/** Stores jobs: in a file on this machine, or in RabbitMQ and Redis. */
export interface JobBackend {
  /** Accepted requests, to be sent later. */
  readonly jobs: DurableQueue
  /** Call-backs to be delivered; a separate queue of the same kind. */
  readonly callbacks: DurableQueue
  readonly store: JobStore
  /** Whether entries cannot be put at present; absent where that cannot fail by itself. */
  readonly isAway?: () => boolean
  /** Whether this process cannot use the jobs any more until it is restarted; absent where that cannot happen. */
  readonly isLost?: () => boolean
  /** Gives back what this process holds; to be called after both queues are closed. */
  readonly close: () => Promise<void>
}

/**
 * Told of every job that is over, cancelled ones included, before its entry is settled. It is called at least once,
 * and again if the process is killed in between. Call-backs must be in a durable queue when it resolves. If it
 * rejects, it is called again later.
 */
export type OnJobEnd = (job: Job) => Promise<void>

/**
 * A backend has failed because its file, RabbitMQ or Redis cannot be used, and its code says why. Any other error is a
 * defect. It reveals neither an address nor a credential.
 */
export class BackendError extends Error {
  readonly code: string

  constructor(code: string, message: string) {
    super(message)
    this.code = code
  }
}
