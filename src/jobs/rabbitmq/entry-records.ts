/*
 * A message in a broker cannot be changed, and who began one and was killed cannot be told from it. What
 * changes of an entry is noted beside the queue, where it may be forgotten: an entry that was delivered
 * before and that nothing is known of counts as interrupted.
 */

import type { Past } from './message.ts'

/** What became of the attempt to begin a delivery. */
export type Beginning =
  | {
      readonly state: 'begun'
      /** This one included. */
      readonly attempts: number
      readonly isInterrupted: boolean
      /** Where it was changed. */
      readonly payload?: Buffer
    }
  /** It waits; milliseconds since the epoch. */
  | { readonly state: 'early'; readonly dueAtMs: number }
  /** Another process has begun it. */
  | { readonly state: 'running'; readonly holder: string }
  /** It is to be a dead letter and may not be one yet. */
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

/** What one process holds of a queue. */
export interface Load {
  readonly waiting: number
  readonly running: number
}

/**
 * What is known of the entries of one queue, by all processes. Every promise rejects, with an error that has
 * a code, where it is not reached in time; lives are in milliseconds.
 */
export interface EntryRecords {
  /** `put` where the entry is in the queue or among its dead letters. */
  readonly note: (id: string, lifeMs: number) => Promise<'fresh' | 'put'>
  /** @param putAtMs milliseconds since the epoch */
  readonly markPut: (id: string, putAtMs: number) => Promise<void>
  readonly cancel: (id: string) => Promise<'cancelled' | 'begun' | 'absent'>
  readonly begin: (
    id: string,
    attempt: {
      readonly holder: string
      readonly isRedelivered: boolean
      /** What its message says of the deliveries before; of use where nothing is known of it. */
      readonly past: Past | undefined
      /** Whose delivery is interrupted, if it is this one's that is under way. */
      readonly interruptedHolder: string | undefined
      /** Milliseconds since the epoch. */
      readonly putAtMs: number
      readonly lifeMs: number
    },
  ) => Promise<Beginning>
  /** False where another process has begun it meanwhile. */
  readonly settle: (id: string, holder: string, ending: Ending, lifeMs: number) => Promise<boolean>
  /** Makes a dead entry a new one; false where it is in the queue. */
  readonly revive: (id: string, lifeMs: number) => Promise<boolean>
  /** Knows nothing more of an entry, which is in the queue no more. */
  readonly forget: (id: string) => Promise<void>
  /** Shows that a holder is alive, for the next `lifeMs`. */
  readonly beat: (holder: string, load: Load, lifeMs: number) => Promise<void>
  /** Shows that a holder is gone. */
  readonly leave: (holder: string) => Promise<void>
  readonly isAlive: (holder: string) => Promise<boolean>
  /** What the living holders hold. */
  readonly loads: () => Promise<readonly Load[]>
  /** Entries that are in the queue as far as is known, and when the first of them was put. */
  readonly live: () => Promise<{
    readonly count: number
    /** Milliseconds since the epoch. */
    readonly oldestPutAtMs: number | undefined
  }>
  /** Ids of entries that were cancelled and whose messages are still in the queue. */
  readonly cancelled: () => Promise<readonly string[]>
}
