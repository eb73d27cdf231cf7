/** How answers of one granted route are cached. */
export interface CacheRule {
  /** The integration that the answers are for; undefined where the integrations that say so share them. */
  readonly owner: string | undefined
  /** How long an answer is reused without asking Magento, milliseconds. */
  readonly ttlMs: number
  /** How long after that it may still be given while Magento is down, milliseconds. */
  readonly staleIfErrorMs: number
  /** Whether the cache directives of Magento's answer count; otherwise `ttlMs` replaces them. */
  readonly isUpstreamObeyed: boolean
}

/**
 * What the response cache did for a request. `hit`: answered from it; `stale`: answered from it although
 * stale; `miss`: fetched for it; `shared`: fetched by another request that was under way; `bypass`:
 * neither looked up nor kept.
 */
export type CacheUse = 'hit' | 'stale' | 'miss' | 'shared' | 'bypass'
