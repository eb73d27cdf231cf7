import type { AnswerStore } from '../contract/answer-store.ts'
import type { TakeKey } from '../contract/idempotency.ts'
import type { Charge, LimitDecision } from '../contract/limit.ts'
import type { UseNonce } from '../policy.ts'
import type { RedisLocation } from './redis-client.ts'

/** State that requests share, in this process or among all processes. */
export interface Store {
  /** Decides on a request by its limits; never waits longer than the deadline. */
  readonly decide: (charge: Charge) => LimitDecision | Promise<LimitDecision>
  /** While Redis is away the result is `unavailable`, because no process knows what the others have seen. */
  readonly useNonce: UseNonce
  /** Takes an Idempotency-Key; none can be taken while Redis is away. */
  readonly takeKey: TakeKey
  /** Cached answers; while Redis is away none is found and none is kept. */
  readonly answers: AnswerStore
  readonly close: () => void
}

/** Where the store is, and what applies while it cannot be reached. */
export interface StoreSettings {
  /** Absent if everything is kept in this process. */
  readonly redis?: RedisLocation | undefined
  /** Longest that a request waits for each answer of Redis, milliseconds. */
  readonly deadlineMs: number
  /** Share of each limit that this process grants while Redis is away; above 0 and at most 1. */
  readonly localShare: number
  /** How much memory cached answers may take if there is no Redis. */
  readonly answerBytes: number
  /** Longest that a request can run at present, milliseconds. */
  readonly requestMs: () => number
}
