import { lookup } from 'node:dns/promises'
import type { DurableQueue } from '../jobs/durable-queue.ts'
import type { OnJobEnd } from '../jobs/job-backend.ts'
import { callbackEntry } from './callback-entry.ts'
import type { CallbackSettings } from './callback-settings.ts'
import { type CallbackEnd, prepareDelivery } from './deliver-callback.ts'
import type { Resolve } from './destination.ts'
import { lookupsInTurn } from './lookups-in-turn.ts'
import { prepareReceiver, type Receiver } from './receiver.ts'

/** Calls integrations back when their jobs have ended. */
export interface Callbacks {
  /** Queues the call-back of a job that is over, if its integration wants one. */
  readonly onJobEnd: OnJobEnd
  /** Starts to deliver; to be called once. */
  readonly start: () => void
  /** Begins no more call-backs, and waits up to `deadlineMs` for those under way. */
  readonly stop: (deadlineMs: number) => Promise<void>
}

/** Everything that call-backs need from other parts. */
export interface CallbackServices {
  /** Who is to be called back at present, by name of the integration. */
  readonly receivers: () => ReadonlyMap<string, Receiver>
  /** Told of every end before it is settled; it does not reject. */
  readonly onEnd: (end: CallbackEnd) => Promise<void>
  /** Told of every sending that failed and is tried again, and of the code that says why. */
  readonly onFailure: (owner: string, reason: string) => void
}

/** Most call-backs under way at once in this process; each integration may have a few of them. */
const concurrency = 256

/** Asks the resolver of the system, including `/etc/hosts`; all its answers are checked afterwards. */
const resolveBySystem: Resolve = lookupsInTurn(async (hostname) =>
  (await lookup(hostname, { all: true })).map(({ address }) => address),
)

/** Prepares the receivers of call-backs, by name of the integration. */
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
 * Opens the call-backs of a queue. Each is delivered at least once, always with the same `webhook-id`, whatever is
 * killed in the meantime.
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
