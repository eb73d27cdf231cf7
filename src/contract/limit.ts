/** The calendar periods of quotas, in UTC. */
export type QuotaPeriod = 'hour' | 'day' | 'month'

interface LimitFacts {
  /** Its name in answers, audit records and metrics: `rate`, `quota/day`, `POST /V1/products rate`. */
  readonly name: string
  /** Where its state is kept; it survives a reload that leaves integration, scope and kind as they are. */
  readonly key: LimitKey
  /** Counted and reported, not enforced. */
  readonly isReportOnly: boolean
}

/** Identifies the state of a limit. */
export interface LimitKey {
  /** All keys of one integration are in the same slot of a Redis Cluster. */
  readonly integration: string
  /** The method or route pattern that a narrower limit applies to; undefined for the whole integration. */
  readonly scope: string | undefined
  /** Kind of limit; for a quota, with its period. */
  readonly kind: string
}

/** A sustained rate of `count` tokens per unit of time, with a bucket of `burst` tokens. */
export interface Rate extends LimitFacts {
  readonly kind: 'rate'
  /** Tokens that come back in one unit. */
  readonly count: number
  readonly unitSeconds: number
  readonly burst: number
}

/** At most `count` tokens in each calendar period. */
export interface Quota extends LimitFacts {
  readonly kind: 'quota'
  readonly count: number
  readonly period: QuotaPeriod
}

/** At most `count` requests at once. */
export interface Concurrency extends LimitFacts {
  readonly kind: 'concurrency'
  readonly count: number
}

/** A limit that requests are held to. */
export type Limit = Rate | Quota | Concurrency

/** What a limit gives at most: tokens, or requests at once. */
export function sizeOf(limit: Limit): number {
  return limit.kind === 'rate' ? limit.burst : limit.count
}

/** What to do with a request while the store that shares its limits is away. */
export type OnStoreFailure = 'local' | 'refuse' | 'allow'

/** What a request asks of its limits. Either all of them let it through and are charged, or none is. */
export interface Charge {
  /** The same array for all requests of one integration and route. */
  readonly limits: readonly Limit[]
  /** Tokens, at least 1. A limit too small to ever give that many is asked for all that it can hold. */
  readonly cost: number
  readonly onStoreFailure: OnStoreFailure
  /** How many tokens a process may take from the shared store in advance; 0 to take only those of this request. */
  readonly leaseTokens: number
}

/** How a limit stands after a decision. */
export interface LimitState {
  /** Whether it would have refused the request. */
  readonly isExceeded: boolean
  /** Whole tokens left, or for concurrency how many more requests may run. */
  readonly remaining: number
  /** Milliseconds until it would let the request through, if nothing else is sent; 0 when it does now. */
  readonly retryAfterMs: number
  /** Milliseconds until it is full again; 0 for concurrency. */
  readonly resetMs: number
}

/** The decision of the limits of a request. A refused request is not charged. */
export type LimitDecision =
  | {
      readonly outcome: 'decided'
      readonly isAllowed: boolean
      /** One for each limit of the charge, in its order. */
      readonly states: readonly LimitState[]
      /** Frees what the request holds while it runs; absent when it holds nothing. */
      readonly release?: (() => void) | undefined
    }
  /** The store is away, and `onStoreFailure` of the charge decides. */
  | { readonly outcome: 'refused' }
  | { readonly outcome: 'unlimited' }

/** The limits that decided on a request, and how each stood. */
export interface LimitUse {
  readonly limits: readonly Limit[]
  readonly states: readonly LimitState[]
}

/** Names of the report-only limits that a request exceeded; undefined if there are none. */
export function reportedLimitsOf({ limits, states }: LimitUse): readonly string[] | undefined {
  let names: string[] | undefined
  for (let index = 0; index < limits.length; index += 1) {
    const { name, isReportOnly } = limits[index] as Limit
    if (isReportOnly && states[index]?.isExceeded) names = [...(names ?? []), name]
  }
  return names
}
