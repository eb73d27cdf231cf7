/** A cached answer of Magento. Points in time are milliseconds since the epoch. */
export interface StoredAnswer {
  /** Names and values in turn, without the fields that are made anew each time it is given. */
  readonly headers: readonly string[]
  readonly body: Buffer
  /** Magento's, or else a strong one of ours. */
  readonly etag: string
  /** `Last-Modified`, or else when Magento answered. */
  readonly modifiedAtMs: number
  /** When Magento was asked. */
  readonly askedAtMs: number
  /** How old it was when it arrived (RFC 9111, section 4.2.3: corrected_initial_age); milliseconds. */
  readonly initialAgeMs: number
  /** When it arrived. */
  readonly receivedAtMs: number
  /** How long Magento says that it is good; undefined where the operator decides that instead. */
  readonly terms: AnswerTerms | undefined
  /** Request fields by which Magento can tell whether it has changed. */
  readonly validators: readonly string[]
}

/** How long an answer says that it may be reused. */
export interface AnswerTerms {
  readonly lifetimeMs: number
  /** Whether it must not be reused once stale (RFC 9111, section 4.2.4). */
  readonly isStaleForbidden: boolean
  /** RFC 5861, section 4; undefined where it says nothing. */
  readonly staleIfErrorMs: number | undefined
}

/** What is kept under a key: an answer, or the names of the request fields that the actual key also depends on. */
export type KeptUnderKey = StoredAnswer | { readonly selectedBy: readonly string[] }

/** What is found under a key. */
export interface Lookup {
  readonly kept: KeptUnderKey | undefined
  /** Goes to {@link AnswerStore.keep} with the answer that is now fetched; undefined where it may not be kept. */
  readonly ticket: string | undefined
}

/** The tag of all answers. */
export const everything = '[]'

/** The longest that anything is kept. */
export const longestKeptMs = 86_400_000

/**
 * Keeps answers. Each has tags, and all answers with a tag are dropped together. That includes answers
 * still being fetched at that time: they are kept with a ticket from before the drop, and never found.
 */
export interface AnswerStore {
  /** @param tags of the request; the same for every request with this key */
  readonly find: (key: string, tags: readonly string[]) => Lookup | Promise<Lookup>
  /**
   * Keeps an answer for at most `forMs`, if there is room. It does not fail.
   * @param tags those that the ticket was given for
   */
  readonly keep: (
    key: string,
    tags: readonly string[],
    ticket: string,
    kept: KeptUnderKey,
    forMs: number,
  ) => void
  /**
   * Drops all answers that have one of the tags. It does not fail: what cannot be dropped now is dropped
   * before anything is found again.
   * @param holdOffMs how long nothing more is kept under these tags
   */
  readonly drop: (tags: readonly string[], holdOffMs: number) => void | Promise<void>
}
