import type { WholeAnswer } from '../request-context.ts'

/** What is answered again to a request that was carried out before. */
export type KeptAnswer =
  | WholeAnswer
  /** The code of a problem, where the gateway has none of Magento to repeat. */
  | { readonly problem: string }
  /** It was too long to be kept. */
  | 'not kept'

/** What is known of a key: nothing, a request that is not over, or one that is. */
export type KeyState =
  | { readonly state: 'fresh' }
  | { readonly state: 'running'; readonly fingerprint: string }
  | { readonly state: 'over'; readonly fingerprint: string; readonly answer: KeptAnswer }
  /** There is no room to remember it, or what remembers it is away. */
  | { readonly state: 'unavailable' }

/** What remembers keys, among all processes. */
export interface IdempotencyStore {
  /**
   * Takes a key for a request, if it is free.
   * @param fingerprint of the request, so that another one under the same key is told apart
   * @param ttlMs how long the key is remembered, milliseconds
   */
  readonly begin: (key: string, fingerprint: string, ttlMs: number) => Promise<KeyState>
  /** Keeps the answer under a key that was taken, later where it cannot now. It does not reject. */
  readonly finish: (
    key: string,
    fingerprint: string,
    answer: KeptAnswer,
    ttlMs: number,
  ) => Promise<void>
  /** Gives a key back whose request was not carried out, later where it cannot now. It does not reject. */
  readonly release: (key: string) => Promise<void>
}

/** The key that a request holds until it is over. */
export interface HeldKey {
  /**
   * Keeps the answer, or gives the key back where nothing was carried out; once.
   * @param answer of Magento or of an endpoint; absent where there is none, or where it is too long
   * @param code of the problem that is answered in its place
   */
  readonly settle: (
    status: number,
    answer: WholeAnswer | undefined,
    code: string | undefined,
  ) => Promise<void>
}
