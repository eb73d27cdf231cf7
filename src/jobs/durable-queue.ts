/*
 * A queue that loses nothing: what was put is delivered until it has been dealt with, whatever is killed
 * meanwhile. It fits a file of this machine and a broker that pushes alike: delivery is at least once, and
 * the only thing that is exact is what a delivery says of those before it.
 */

/** Something that is to be done later, as it is put into a queue. */
export interface QueueEntry {
  /** Chosen by whoever puts it; unique in its queue. */
  readonly id: string
  /** Name of the integration that it belongs to. */
  readonly owner: string
  /**
   * Entries with the same key are delivered one after the other, in the order in which they were put. The
   * next one waits until the one before it is done, dead or cancelled, through all of its retries. Keys are
   * tuples, written as JSON. Absent: it waits for none.
   */
  readonly orderKey?: string | undefined
  readonly payload: Buffer
  /** Not delivered before; milliseconds since the epoch. Absent: at once. */
  readonly notBeforeMs?: number | undefined
  /**
   * When whoever handles it gives up; milliseconds since the epoch. The queue keeps it and takes no notice
   * of it: what has expired is delivered too, so that its end can be told.
   */
  readonly expiresAtMs: number
}

/** An entry that is to be handled now. */
export interface Delivery extends QueueEntry {
  /** Milliseconds since the epoch. */
  readonly putAtMs: number
  /** How many times it has been delivered, this time included; durable before the handler is called. */
  readonly attempts: number
  /**
   * Whether any delivery before this one was never settled, because its process was killed or lost its
   * connection: what it did is not known. Stays true until the entry is put back from the dead letters.
   */
  readonly isInterrupted: boolean
  /** Aborts when the queue is closed and does not wait any longer. */
  readonly signal: AbortSignal
}

/** What is to become of a delivery. */
export type Settlement =
  /** It is forgotten. */
  | { readonly state: 'done' }
  /** It is delivered again, and those with its order key wait for it. */
  | {
      readonly state: 'retry'
      /** Milliseconds since the epoch. */
      readonly atMs: number
      /** For the operator; holds no secret and nothing that a caller sent. */
      readonly reason: string
      /** Whether it is as if it had not begun, so that it can still be cancelled. */
      readonly isUntouched: boolean
      /** Takes the place of the payload, durable together with the settlement. */
      readonly payload?: Buffer
    }
  /** It is kept with the dead letters, and those with its order key go on. */
  | { readonly state: 'dead'; readonly reason: string }

/**
 * Handles a delivery. An error that it throws is a defect: the entry becomes a dead letter, with the code of
 * the error as its reason.
 */
export type HandleDelivery = (delivery: Delivery) => Promise<Settlement>

/** An entry that nobody will deliver by itself. */
export interface DeadLetter extends QueueEntry {
  readonly putAtMs: number
  /** Milliseconds since the epoch. */
  readonly diedAtMs: number
  readonly attempts: number
  readonly reason: string
}

/** How much is in a queue. */
export interface QueueDepth {
  /** Neither running nor dead; held up by an order key too. */
  readonly waiting: number
  readonly running: number
  readonly dead: number
  /** Of what is neither done nor dead the longest there; milliseconds since the epoch. */
  readonly oldestPutAtMs: number | undefined
}

/** Where a list goes on. */
export interface Page {
  /** Most elements, at least 1. */
  readonly limit: number
  /** Id of the last element of the page before. */
  readonly after?: string | undefined
}

/** One queue. Every promise of it rejects where what keeps it fails, with an error that has a code. */
export interface DurableQueue {
  /**
   * Resolves when the entry is durable: on the disk, or confirmed by a majority. Where it rejects, the entry
   * may be there all the same; cancel it, so that it is not carried out. An id that is there already is not
   * put again where that can be told (a file), and is delivered twice where it cannot (a broker).
   */
  readonly put: (entry: QueueEntry) => Promise<void>
  /**
   * Has entries handled from now on, at most so many at once in this process; once. Entries whose time has
   * come and that no order key holds up are delivered in about the order in which they were put, and no owner
   * with many of them keeps the others waiting for long.
   */
  readonly consume: (handle: HandleDelivery, settings: { readonly concurrency: number }) => void
  /**
   * Takes back what has not begun: never delivered, or each time settled as untouched, and not under way now.
   * After `cancelled` it is delivered no more.
   */
  readonly cancel: (id: string) => Promise<'cancelled' | 'begun' | 'absent'>
  /** Dead letters, the longest dead first. */
  readonly listDead: (page: Page) => Promise<readonly DeadLetter[]>
  /**
   * Puts a dead letter back: it is delivered at once as if for the first time, behind what has its order key
   * now. False where there is no such letter.
   * @param expiresAtMs milliseconds since the epoch
   */
  readonly putBack: (id: string, expiresAtMs: number) => Promise<boolean>
  /** Forgets a dead letter. False where there is no such letter. */
  readonly discard: (id: string) => Promise<boolean>
  readonly depth: () => Promise<QueueDepth>
  /**
   * Delivers nothing more, waits for what is under way, then aborts the signals and waits for the handlers to
   * settle; what is not settled soon after that is given back, and delivered again as interrupted.
   * @param deadlineMs how long it is waited until signals abort, milliseconds
   */
  readonly close: (deadlineMs: number) => Promise<void>
}
