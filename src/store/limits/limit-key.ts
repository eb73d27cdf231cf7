import type { Limit } from '../../contract/limit.ts'
import { onceFor } from '../../contract/once-for.ts'

/**
 * The key of a limit's state in Redis and in memory. The braces put all keys of an integration into one slot of a Redis
 * Cluster. Names of integrations, patterns and kinds contain no braces, and the last part is one of a few words, so no
 * two limits have the same key.
 */
export const limitKey = onceFor(({ key: { integration, scope, kind } }: Limit): string => {
  const within = scope === undefined ? '' : `:${scope}`
  return `magegate:limit:{${integration}}${within}:${kind}`
})
