import { lookup } from 'node:dns/promises'
import type { DurableQueue } from '../jobs/durable-queue.ts'
import type { OnJobEnd } from '../jobs/job-backend.ts'
import { callbackEntry } from './callback-entry.ts'
import type { CallbackSettings } from './callback-settings.ts'
import { type CallbackEnd, prepareDelivery } from './deliver-callback.ts'
import type { Resolve } from './destination.ts'
import { prepareReceiver, type Receiver } from './receiver.ts'

/** Call-backs at the end of jobs. */
export interface Callbacks {
  /** Puts the call-back of a job that is over, where its integration wants one. */
  readonly onJobEnd: OnJobEnd
  /** Begins to deliver; once. */
  readonly start: () => void
  /** Begins no more, and waits for those under way for so long; milliseconds. */
  readonly stop: (deadlineMs: number) => Promise<void>
}

/** What call-backs need of the rest. */
export interface CallbackServices {
  /** Who is called back now, by name of the integration. */
  readonly receivers: () => ReadonlyMap<string, Receiver>
  /** Told of every end before it is settled; it does not reject. */
  readonly onEnd: (end: CallbackEnd) => Promise<void>
  /** Told of every sending that failed and is tried again. */
  readonly onFailure: (owner: string) => void
}

/** All at once that are under way in this process; each integration may have a few of them. */
const concurrency = 256

/** Asks the resolver of the system, `/etc/hosts` included; every answer of it is checked afterwards. */
const resolveBySystem: Resolve = async (hostname) =>
  (await lookup(hostname, { all: true })).map(({ address }) => address)

/** Prepares who is called back, by name of the integration. */
export function prepareReceivers(
  integrations: readonly {
    readonly name: string
    readonly callback?: CallbackSettings | undefined
  }[],
): ReadonlyMap<string, Receiver> {
  const services = { resolve: resolveBySystem, clock: Date.now }
  return new Map(
    integrations.flatMap(({ name, callback }) =>
      callback === undefined ? [] : [[name, prepareReceiver(callback, services)] as const],
    ),
  )
}

/**
 * Opens the call-backs over their queue. What is in it is delivered at least once, each time with the same
 * `webhook-id`, whatever is killed meanwhile.
 */
export function openCallbacks(
  queue: DurableQueue,
  { receivers, onEnd, onFailure }: CallbackServices,
): Callbacks {
  const receiverOf = (owner: string) => receivers().get(owner)
  return {
    onJobEnd: async (job) => {
      const receiver = receiverOf(job.owner)
      if (receiver === undefined) return
      await queue.put(callbackEntry(job, Date.now(), receiver.retry.giveUpAfterMs))
    },
    start: () => {
      const handle = prepareDelivery({
        receiverOf,
        onEnd,
        onFailure,
        clock: Date.now,
        random: Math.random,
      })
      queue.consume(handle, { concurrency })
    },
    stop: queue.close,
  }
}
