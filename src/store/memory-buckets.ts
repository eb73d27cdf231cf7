import type { LocalDecision, RateLimit } from '../policy.ts'
import { boundedMap } from './bounded-map.ts'
import { takeFromBucket } from './gcra.ts'

/** Buckets kept in this process. */
export interface MemoryBuckets {
  /** Takes one request out of the bucket of a key. */
  readonly take: (key: string, limit: RateLimit) => LocalDecision
  /** How many buckets are remembered at present. */
  readonly size: () => number
}

/**
 * Keeps a bounded number of buckets in this process. At least those of the `maxBuckets / 2` keys that were used most
 * recently are remembered.
 * @param maxBuckets how many are remembered at most
 * @param clock milliseconds, never going back
 */
export function memoryBuckets(maxBuckets: number, clock: () => number): MemoryBuckets {
  // By key, the time at which its bucket is full.
  const fullAt = boundedMap<number>(maxBuckets)
  return {
    size: fullAt.size,
    take: (key, limit) => {
      const decision = takeFromBucket(limit, fullAt.get(key) ?? 0, clock())
      fullAt.set(key, decision.fullAtMs)
      return decision
    },
  }
}
