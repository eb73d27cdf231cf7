/*
 * A message in a broker cannot be changed, and does not show who had begun it and was killed. So what changes about an
 * entry is recorded beside the queue (in Redis). These records may be lost: an entry that was delivered before, and
 * about which nothing is known, counts as interrupted.
 */

import type { Past } from './message.ts'

/** The outcome of an attempt to begin a delivery. */
export type Beginning =
  | {
      readonly state: 'begun'
      /** Including this one. */
      readonly attempts: number
      readonly isInterrupted: boolean
      /** Present if it was changed since the entry was put. */
      readonly payload?: Buffer
    }
  /** It is not due yet; milliseconds since the epoch. */
  | { readonly state: 'early'; readonly dueAtMs: number }
  /** Another process has begun it. */
  | { readonly state: 'running'; readonly holder: string }
  /** It is to become a dead letter, and may not be one yet. */
  | {
      readonly state: 'dead'
      readonly attempts: number
      readonly reason: string
      readonly payload?: Buffer
    }
  | { readonly state: 'cancelled' }
  | { readonly state: 'over' }

/** How a delivery was settled. */
export interface Ending extends Past {
  readonly state: 'waiting' | 'dead' | 'over'
  /** Milliseconds since the epoch. */
  readonly dueAtMs: number
  readonly reason: string
  readonly payload?: Buffer | undefined
}

/** How many entries of a queue one process holds. */
export interface Load {
  readonly waiting: number
  readonly running: number
}

/**
 * The records of the entries of one queue, shared by all processes. Every promise rejects, with an error that has a
 * code, if the records cannot be reached in time. `lifeMs` says how long a record is kept.
 */
export interface EntryRecords {
  /** Notes an entry that is about to be put; `put` if it is already in the queue or among its dead letters. */
  readonly note: (id: string, lifeMs: number) => Promise<'fresh' | 'put'>
  /**
   * Notes that an entry is in the queue; does nothing if it has been cancelled or is over.
   * @param putAtMs milliseconds since the epoch
   */
  readonly markPut: (id: string, putAtMs: number) => Promise<void>
  /** As `cancel` of a durable queue. An entry that is over or was cancelled before is absent. */
  readonly cancel: (id: string) => Promise<'cancelled' | 'begun' | 'absent'>
  /**
   * Begins a delivery, if the entry is due and nobody else has begun it. The holder may repeat this if it did not get
   * the answer; that counts as one attempt.
   */
  readonly begin: (
    id: string,
    attempt: {
      readonly holder: string
      readonly isRedelivered: boolean
      /** What its message says about earlier deliveries; used if there is no record. */
      readonly past: Past | undefined
      /** A holder that is gone: if it had begun the entry, that delivery counts as interrupted. */
      readonly interruptedHolder: string | undefined
      /** Milliseconds since the epoch. */
      readonly putAtMs: number
      /** For the record that is made if there is none; another one keeps its life. */
      readonly lifeMs: number
    },
  ) => Promise<Beginning>
  /**
   * Records how a delivery was settled; false if another process has begun the entry in the meantime, or ended it. If the
   * record has been lost, it is made again, and so is that the entry had begun.
   */
  readonly settle: (id: string, holder: string, ending: Ending, lifeMs: number) => Promise<boolean>
  /** Makes a dead entry new, as if it had never been put; false if it is in the queue, or was there again and is over. */
  readonly revive: (id: string, lifeMs: number) => Promise<boolean>
  /** Removes the record of an entry that is no longer in the queue. */
  readonly forget: (id: string) => Promise<void>
  /** Shows that a holder is alive, for the next `lifeMs`. */
  readonly beat: (holder: string, load: Load, lifeMs: number) => Promise<void>
  /** Shows that a holder is gone. */
  readonly leave: (holder: string) => Promise<void>
  readonly isAlive: (holder: string) => Promise<boolean>
  /** How much each living holder holds. */
  readonly loads: () => Promise<readonly Load[]>
  /** How many entries are in the queue according to the records, and when the first of them was put. */
  readonly live: () => Promise<{
    readonly count: number
    /** Milliseconds since the epoch. */
    readonly oldestPutAtMs: number | undefined
  }>
  /** Ids of entries that were cancelled and whose messages may still be in the queue. */
  readonly cancelled: () => Promise<readonly string[]>
}
