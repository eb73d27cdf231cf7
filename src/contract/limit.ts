/** The calendar periods of quotas, in UTC. */
export type QuotaPeriod = 'hour' | 'day' | 'month'

interface LimitFacts {
  /** What the answer, the audit and the metric call it: `rate`, `quota/day`, `POST /V1/products rate`. */
  readonly name: string
  /** Where its state is kept; the same as long as the limit is of the same integration and scope. */
  readonly key: LimitKey
  /** Counted and reported, not enforced. */
  readonly isReportOnly: boolean
}

/** Tells apart the states of limits. */
export interface LimitKey {
  /** Keys of one integration lie in one slot of Redis Cluster. */
  readonly integration: string
  /** The method or route pattern that a narrower limit holds for; absent for the whole integration. */
  readonly scope: string | undefined
  /** Kind of limit, for a quota with its period. */
  readonly kind: string
}

/** So many tokens in a unit of time, sustained, and a bucket of `burst` tokens that may go at once. */
export interface Rate extends LimitFacts {
  readonly kind: 'rate'
  /** Tokens that come back in one unit. */
  readonly count: number
  readonly unitSeconds: number
  readonly burst: number
}

/** So many tokens in each calendar period. */
export interface Quota extends LimitFacts {
  readonly kind: 'quota'
  readonly count: number
  readonly period: QuotaPeriod
}

/** So many requests at once. */
export interface Concurrency extends LimitFacts {
  readonly kind: 'concurrency'
  readonly count: number
}

/** A limit that requests are held to. */
export type Limit = Rate | Quota | Concurrency

/** What to do with a request while the store that its limits are shared through is away. */
export type OnStoreFailure = 'local' | 'refuse' | 'allow'

/** A request that asks to be let through by all of its limits, or by none. */
export interface Charge {
  /** The same array for all requests of one integration and route. */
  readonly limits: readonly Limit[]
  /** Tokens, at least 1; a limit that could never give so many is asked for all that it has. */
  readonly cost: number
  readonly onStoreFailure: OnStoreFailure
  /** How many tokens a process may take from the shared store at a time; 0 for those of one request. */
  readonly leaseTokens: number
}

/** How a limit stands after a decision. */
export interface LimitState {
  /** Whether it would have refused the request. */
  readonly isExceeded: boolean
  /** Whole tokens that are left, or requests that may still run. */
  readonly remaining: number
  /** Milliseconds until it would let the request through, if nobody else asks; 0 when it does. */
  readonly retryAfterMs: number
  /** Milliseconds until it is whole again; 0 for concurrency. */
  readonly resetMs: number
}

/** What the limits of a request say; refused requests are charged nothing. */
export type LimitDecision =
  | {
      readonly outcome: 'decided'
      readonly isAllowed: boolean
      /** One for each limit of the charge, in its order. */
      readonly states: readonly LimitState[]
      /** Gives back what is held while the request runs; absent when nothing is. */
      readonly release?: (() => void) | undefined
    }
  /** The store is away, and the charge says what holds then. */
  | { readonly outcome: 'refused' }
  | { readonly outcome: 'unlimited' }
