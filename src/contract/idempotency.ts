import type { Outcome } from '../request-context.ts'
import type { WholeAnswer } from './whole-answer.ts'

/** What a repeated request is answered with. */
export type KeptAnswer =
  | WholeAnswer
  /** The code of a problem, where there is no answer of Magento to repeat. */
  | { readonly problem: string }
  /** The answer was too long to be kept. */
  | 'not kept'

/** What is known about a key: nothing, or a request that is still running, or one that is over. */
export type KeyState =
  | {
      readonly state: 'fresh'
      /** Identifies the request that has taken the key: if the store loses the key, another one can take it too. */
      readonly holder: string
    }
  | { readonly state: 'running'; readonly fingerprint: string }
  | { readonly state: 'over'; readonly fingerprint: string; readonly answer: KeptAnswer }
  /** The store has no room for the key, or is away. */
  | { readonly state: 'unavailable' }

/** A key, and the integration that it is from: keys of different integrations are independent. */
export interface OwnKey {
  readonly owner: string
  readonly key: string
}

/** Remembers keys for all processes. */
export interface IdempotencyStore {
  /**
   * Takes a key for a request, if it is free.
   * @param fingerprint of the request, by which a different request under the same key is recognised
   * @param ttlMs how long the key is remembered, milliseconds
   */
  readonly begin: (key: OwnKey, fingerprint: string, ttlMs: number) => Promise<KeyState>
  /** Keeps the answer under a key that was taken; later, if it cannot now. It does not reject. */
  readonly finish: (
    key: OwnKey,
    holder: string,
    fingerprint: string,
    answer: KeptAnswer,
    ttlMs: number,
  ) => Promise<void>
  /** Frees a key whose request was not carried out; later, if it cannot now. It does not reject. */
  readonly release: (key: OwnKey, holder: string) => Promise<void>
}

/** The key that a request holds until it is over. */
export interface HeldKey {
  /**
   * Keeps the answer, or frees the key where nothing was carried out. Only the first call counts.
   * @param answer of Magento or of an endpoint; absent where there is none, or it is too long
   */
  readonly settle: (outcome: Outcome, answer: WholeAnswer | undefined) => Promise<void>
}
