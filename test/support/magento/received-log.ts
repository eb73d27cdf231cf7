import type { Caller } from './caller.ts'

/** One request as it came in; the fields that are not read-only are filled in as it is dealt with. */
export interface ReceivedRequest {
  readonly method: string
  /** The request target byte for byte, query included. */
  readonly rawTarget: string
  /** Name, value, name, value …, as they came. */
  readonly rawHeaders: readonly string[]
  /** All of the body; of an aborted upload, what had come. */
  readonly body: Buffer
  /** Milliseconds since 1970, when the whole request was there. */
  readonly time: number
  /** Unset where no credential was looked at: a fault answered, or no route of the API was meant. */
  caller?: Caller
  /** Unset until the answer is sent, and for ever when none is. */
  status?: number
  /** The sender went away before it had the whole request out or the whole answer in. */
  aborted: boolean
  /** Resolves, never rejects, when the exchange is over: answered, broken off, or aborted. */
  readonly over: Promise<void>
}

interface Waiter {
  readonly count: number
  readonly requests: ReceivedRequest[]
  readonly resolve: (requests: ReceivedRequest[]) => void
}

/** Keeps the last requests in the order in which they were complete, and tells those who wait. */
export class ReceivedLog {
  readonly requests: ReceivedRequest[] = []
  readonly #limit: number
  #waiters: Waiter[] = []

  constructor(limit: number) {
    this.#limit = limit
  }

  /** Appends a request; the oldest makes room. */
  add(request: ReceivedRequest): void {
    this.requests.push(request)
    if (this.requests.length > this.#limit) this.requests.shift()
    for (const waiter of this.#waiters) waiter.requests.push(request)
    for (const waiter of this.#waiters.filter(isServed)) waiter.resolve(waiter.requests)
    this.#waiters = this.#waiters.filter((waiter) => !isServed(waiter))
  }

  /** Resolves with the next so many requests that are complete after this call. */
  next(count: number): Promise<ReceivedRequest[]> {
    if (count < 1) return Promise.resolve([])
    return new Promise((resolve) => {
      this.#waiters.push({ count, requests: [], resolve })
    })
  }

  /** Forgets the requests; those who wait go on waiting. */
  clear(): void {
    this.requests.length = 0
  }
}

function isServed(waiter: Waiter): boolean {
  return waiter.requests.length >= waiter.count
}
