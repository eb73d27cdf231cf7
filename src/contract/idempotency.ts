import type { Outcome } from '../request-context.ts'
import type { WholeAnswer } from './whole-answer.ts'

/** What a repeated request is answered with. */
export type KeptAnswer =
  | WholeAnswer
  /** The code of a problem, where there is no answer of Magento to repeat. */
  | { readonly problem: string }
  /** The answer was too long to be kept. */
  | 'not kept'

/** A key that was free, and that a request has taken now. */
export interface TakenKey {
  readonly state: 'fresh'
  /** Keeps the answer under the key; later, if it cannot now. It does not reject. */
  readonly finish: (answer: KeptAnswer) => Promise<void>
  /** Frees the key, since nothing was carried out; later, if it cannot now. It does not reject. */
  readonly release: () => Promise<void>
}

/** What is known about a key: nothing, or a request that is still running, or one that is over. */
export type KeyState =
  | TakenKey
  | { readonly state: 'running'; readonly fingerprint: string }
  | { readonly state: 'over'; readonly fingerprint: string; readonly answer: KeptAnswer }
  /** The store has no room for the key, or is away. */
  | { readonly state: 'unavailable' }

/**
 * Takes a key for a request, if it is free in all processes.
 * @param owner the integration that it is from: keys of different integrations are independent
 * @param fingerprint of the request, by which a different request under the same key is recognised
 * @param ttlMs how long the key is remembered, milliseconds
 */
export type TakeKey = (
  owner: string,
  key: string,
  fingerprint: string,
  ttlMs: number,
) => Promise<KeyState>

/** The key that a request holds until it is over. */
export interface HeldKey {
  /**
   * Keeps the answer, or frees the key where nothing was carried out. Only the first call counts.
   * @param answer of Magento or of an endpoint; absent where there is none, or it is too long
   */
  readonly settle: (outcome: Outcome, answer: WholeAnswer | undefined) => Promise<void>
}
