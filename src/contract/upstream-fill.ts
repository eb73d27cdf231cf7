/** Takes Magento's answer into the cache, and gives it to all requests that wait for it. */
export interface UpstreamFill {
  /** Fields by which Magento can confirm the answer that is cached; names and values in turn. */
  readonly validators: readonly string[]
  /** Answers of up to this length are wanted whole. */
  readonly holdBytes: number
  /** Sets how to give up the exchange once nobody waits for it. */
  readonly onUnwanted: (giveUp: () => void) => void
  /** Looks at the header section of the answer as it arrived, cookies included. */
  readonly inspect: (status: number, rawHeaders: readonly string[]) => void
  /** Takes a whole answer; false means that the relay must pass it on itself. */
  readonly take: (status: number, headers: readonly string[], body: Buffer) => boolean
  /** Told that the answer is too long to be kept, so that the relay passes it on itself. */
  readonly letGo: () => void
}
