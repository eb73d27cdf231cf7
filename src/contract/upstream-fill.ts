/** What the relay of an answer asks where the answer is to be kept. */
export interface UpstreamFill {
  /** Asks Magento whether it has another answer than the one that is there; names and values in turn. */
  readonly validators: readonly string[]
  /** An answer of at most this length is wanted whole. */
  readonly holdBytes: number
  /** While it is, the exchange is not given up with its own caller: others may wait for the answer. */
  readonly isUnderWay: () => boolean
  /** Told how to give the exchange up, once nobody waits for it. */
  readonly onUnwanted: (giveUp: () => void) => void
  /** Looks at the fields of an answer as they have come in, cookies included. */
  readonly inspect: (status: number, rawHeaders: readonly string[]) => void
  /** Takes an answer that has come in whole; with false it is to be passed on as ever. */
  readonly take: (status: number, headers: readonly string[], body: Buffer) => boolean
  /** The answer is too long to be kept, and is passed on. */
  readonly letGo: () => void
}
