/** An answer of Magento that can be given again; all times are milliseconds since the epoch. */
export interface StoredAnswer {
  /** Names and values in turn, without those that are made anew for each answer. */
  readonly headers: readonly string[]
  readonly body: Buffer
  /** Magento's, or a strong one of ours. */
  readonly etag: string
  /** `Last-Modified`, or when it was answered. */
  readonly modifiedAtMs: number
  /** When Magento was asked. */
  readonly askedAtMs: number
  /** How old it was when it came in (RFC 9111, section 4.2.3: corrected_initial_age); milliseconds. */
  readonly initialAgeMs: number
  /** When it came in. */
  readonly receivedAtMs: number
  /** What Magento itself says of how long it is good; absent where it is not asked. */
  readonly terms: AnswerTerms | undefined
  /** Fields by which Magento can tell whether it has changed. */
  readonly validators: readonly string[]
}

/** What an answer says of how long it may be given again. */
export interface AnswerTerms {
  readonly lifetimeMs: number
  /** It must not be given again when it is stale (RFC 9111, section 4.2.4). */
  readonly isStaleForbidden: boolean
  /** RFC 5861, section 4; undefined where it says nothing. */
  readonly staleIfErrorMs: number | undefined
}

/** What is kept under a key: an answer, or the names of request fields that lead to another key. */
export type KeptUnderKey = StoredAnswer | { readonly selectedBy: readonly string[] }

/** What is found under a key. */
export interface Lookup {
  readonly kept: KeptUnderKey | undefined
  /** What an answer is kept with that Magento is asked for now; undefined where none may be kept. */
  readonly ticket: string | undefined
}

/** The tag that all answers have. */
export const everything = '[]'

/** The longest that anything is kept. */
export const longestKeptMs = 86_400_000

/**
 * What keeps answers. Each has tags; what has one of them is dropped together, also an answer that was
 * being fetched at that time: it is kept with the ticket of a time before, and never found.
 */
export interface AnswerStore {
  /** @param tags of the request, the same ones each time */
  readonly find: (key: string, tags: readonly string[]) => Lookup | Promise<Lookup>
  /** Keeps an answer for so long at most, if there is room. It does not fail. */
  readonly keep: (key: string, ticket: string, kept: KeptUnderKey, forMs: number) => void
  /**
   * Drops whatever has one of the tags. It does not fail: what cannot be dropped now is dropped before
   * anything is found again.
   * @param holdOffMs for how long nothing is kept under these tags
   */
  readonly drop: (tags: readonly string[], holdOffMs: number) => void | Promise<void>
}
