/*
 * A queue that loses nothing: an entry is delivered until it has been dealt with, whatever is killed in the meantime.
 * The interface fits a file on this machine as well as a broker that pushes. Delivery is at least once. Only what a
 * delivery says about earlier deliveries of its entry is exact.
 */

import { setTimeout as delay } from 'node:timers/promises'
import { errorCode } from '../contract/error-code.ts'
import type { JobChange } from './job.ts'

/** Something to be done later. */
export interface QueueEntry {
  /** Chosen by the caller of `put`; unique in its queue. */
  readonly id: string
  /** Name of the integration that it belongs to. */
  readonly owner: string
  /**
   * Entries with the same key are delivered one after the other, in the order in which they were put. Each waits
   * until the one before it is done, dead or cancelled, through all its retries. Keys are tuples, written as JSON.
   * An entry without a key waits for no other.
   */
  readonly orderKey?: string | undefined
  readonly payload: Buffer
  /**
   * When the handler is to give up; milliseconds since the epoch. The queue itself ignores it: expired entries are
   * delivered as well, so that the handler can tell of their end.
   */
  readonly expiresAtMs: number
}

/** An entry that is to be handled now. */
export interface Delivery extends QueueEntry {
  /** How many times it has been delivered, this time included; durable before the handler is called. */
  readonly attempts: number
  /**
   * Whether an earlier delivery was never settled, because its process was killed or lost its connection, so that it
   * is not known what it did. Stays true until the entry is put back from the dead letters.
   */
  readonly isInterrupted: boolean
  /** Aborts when the queue is being closed and waits no longer. */
  readonly signal: AbortSignal
}

/** What is to happen with an entry after a delivery. */
export type Settlement =
  /** It is removed. */
  | { readonly state: 'done' }
  /** It is delivered again, and later entries with its order key keep waiting for it. */
  | {
      readonly state: 'retry'
      /** Milliseconds since the epoch. */
      readonly atMs: number
      /** For the operator; holds no secret and nothing that a caller sent. */
      readonly reason: string
      /** Whether nothing of it has been carried out, so that it can still be cancelled. */
      readonly isUntouched: boolean
      /** Replaces the payload, and becomes durable together with the settlement. */
      readonly payload?: Buffer
    }
  /** It is kept as a dead letter, and later entries with its order key go on. */
  | { readonly state: 'dead'; readonly reason: string }

/**
 * Handles a delivery. An error that it throws is a defect: the entry becomes a dead letter, with the code of
 * the error as its reason.
 */
export type HandleDelivery = (delivery: Delivery) => Promise<Settlement>

/**
 * The settlement of a delivery by its handler. It does not reject.
 * @param onFault told of a defect in the handler
 */
export async function settlementOf(
  delivery: Delivery,
  handle: HandleDelivery,
  onFault: (error: unknown) => void,
): Promise<Settlement> {
  try {
    return await handle(delivery)
  } catch (error) {
    onFault(error)
    return { state: 'dead', reason: `defect: ${errorCode(error)}` }
  }
}

/** How long handlers have to settle their entries after their signals were aborted, milliseconds. */
export const graceMs = 2_000

const tryAgainMs = 500

/**
 * Tries until it succeeds. An entry of which it is not durable how its delivery was settled counts as interrupted.
 * @param onFault told of each failure
 * @param end nothing is tried again once it aborts
 * @throws {Error} when `end` aborts
 */
export async function untilDone<Result>(
  act: () => Promise<Result>,
  onFault: (error: unknown) => void,
  end?: AbortSignal,
): Promise<Result> {
  for (;;) {
    try {
      return await act()
    } catch (error) {
      onFault(error)
      await delay(tryAgainMs, undefined, end && { signal: end })
    }
  }
}

/** An entry that is not delivered again by itself. */
export interface DeadLetter extends QueueEntry {
  /** Milliseconds since the epoch. */
  readonly diedAtMs: number
  readonly attempts: number
  readonly reason: string
}

/** How much is in a queue. */
export interface QueueDepth {
  /** Entries that are neither running nor dead, including those held up by an order key. */
  readonly waiting: number
  /** The same by owner; undefined where the queue cannot tell. */
  readonly waitingOf?: ReadonlyMap<string, number>
  readonly running: number
  readonly dead: number
  /** When the oldest entry was put that is neither done nor dead; milliseconds since the epoch. */
  readonly oldestPutAtMs: number | undefined
}

/** A part of a list. */
export interface Page {
  /** Most elements of this page, at least 1. */
  readonly limit: number
  /** Id of the last element of the page before. */
  readonly after?: string | undefined
}

/** One queue. Its promises reject with a `BackendError` when its file or broker, or Redis beside that, fails. */
export interface DurableQueue {
  /**
   * Puts an entry; resolves when it is durable: on disk, or confirmed by a majority of nodes. If it rejects, the
   * entry may be in the queue all the same; cancel it, so that it is not carried out. An entry whose id is in the
   * queue already is ignored by a file, and may be delivered twice by a broker, which cannot tell.
   */
  readonly put: (entry: QueueEntry) => Promise<void>
  /**
   * Starts to have entries handled, at most `concurrency` at once in this process; to be called once. Entries that
   * are due and not held up by their order key are delivered roughly in the order in which they were put, but an
   * owner with many entries does not keep others waiting for long.
   */
  readonly consume: (handle: HandleDelivery, settings: { readonly concurrency: number }) => void
  /**
   * Removes an entry that has not begun: it was never delivered, or every delivery was settled as untouched and none
   * is under way. After `cancelled` it is not delivered any more.
   */
  readonly cancel: (id: string) => Promise<'cancelled' | 'begun' | 'absent'>
  /** Dead letters, the oldest first. */
  readonly listDead: (page: Page) => Promise<readonly DeadLetter[]>
  /**
   * Puts a dead letter back: it is delivered at once as if for the first time, but after entries that have its order
   * key now. False if there is no such letter.
   * @param expiresAtMs milliseconds since the epoch
   * @param shown a change of the job of that id, made only if there is such a letter, and before anybody can begin it
   */
  readonly putBack: (id: string, expiresAtMs: number, shown?: JobChange) => Promise<boolean>
  /** Removes a dead letter. False if there is no such letter. */
  readonly discard: (id: string) => Promise<boolean>
  readonly depth: () => Promise<QueueDepth>
  /**
   * Delivers nothing more, waits for deliveries under way, then aborts their signals and waits for the handlers to
   * settle them. What is not settled soon after that is given back, and delivered again as interrupted.
   * @param deadlineMs how long to wait before the signals abort, milliseconds
   */
  readonly close: (deadlineMs: number) => Promise<void>
}
