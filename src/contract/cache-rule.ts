/** How answers of one granted route are kept. */
export interface CacheRule {
  /** Name of the integration whose answers they are; undefined where all that say so share them. */
  readonly owner: string | undefined
  /** How long an answer is given again without asking Magento, milliseconds. */
  readonly ttlMs: number
  /** How long after that it may be given where Magento is down, milliseconds. */
  readonly staleIfErrorMs: number
  /** Whether what Magento says of its answer counts; else `ttlMs` stands in the place of it. */
  readonly isUpstreamObeyed: boolean
}

/**
 * What the response cache had to do with a request: given from it, given from it though old, fetched for
 * it, fetched by another request that was under way, or neither looked for nor kept.
 */
export type CacheUse = 'hit' | 'stale' | 'miss' | 'shared' | 'bypass'
