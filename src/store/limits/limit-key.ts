import type { Limit } from '../../contract/limit.ts'
import { onceFor } from '../../contract/once-for.ts'

/**
 * The key of a limit's state, in Redis and in memory; the braces keep those of one integration in one slot
 * of Redis Cluster. Names of integrations, patterns and kinds hold no brace, and the last part is one of
 * few words, so that no two limits have one key.
 */
export const limitKey = onceFor(({ key: { integration, scope, kind } }: Limit): string => {
  const within = scope === undefined ? '' : `:${scope}`
  return `magegate:limit:{${integration}}${within}:${kind}`
})
