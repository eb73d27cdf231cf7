import type { DurableQueue } from '../jobs/durable-queue.ts'
import type { OnJobEnd } from '../jobs/job-backend.ts'
import { callbackEntry } from './callback-entry.ts'
import { type DeliveryServices, prepareDelivery } from './deliver-callback.ts'

/** Calls integrations back when their jobs have ended. */
export interface Callbacks {
  /** Queues the call-back of a job that is over, if its integration wants one. */
  readonly onJobEnd: OnJobEnd
  /** Starts to deliver; to be called once. */
  readonly start: () => void
  /** Begins no more call-backs, and waits up to `deadlineMs` for those under way. */
  readonly stop: (deadlineMs: number) => Promise<void>
}

/** Most call-backs under way at once in this process; each integration may have a few of them. */
const concurrency = 256

/**
 * Opens the call-backs of a queue. Each is delivered at least once, always with the same `webhook-id`, whatever is
 * killed in the meantime.
 */
export function openCallbacks(
  queue: DurableQueue,
  services: Pick<DeliveryServices, 'receiverOf' | 'onEnd' | 'onFailure'>,
): Callbacks {
  return {
    onJobEnd: async (job) => {
      const receiver = services.receiverOf(job.owner)
      if (receiver === undefined) return
      await queue.put(callbackEntry(job, Date.now(), receiver.retry.giveUpAfterMs))
    },
    start: () => {
      const handle = prepareDelivery({ ...services, clock: Date.now, random: Math.random })
      queue.consume(handle, { concurrency })
    },
    stop: queue.close,
  }
}
