import type { LocalDecision, RateLimit } from '../policy.ts'
import { boundedMap } from './bounded-map.ts'
import { takeFromBucket } from './gcra.ts'

/** Buckets that live in this process. */
export interface MemoryBuckets {
  /** Takes one request out of the bucket of a key. */
  readonly take: (key: string, limit: RateLimit) => LocalDecision
  /** How many buckets are remembered. */
  readonly size: () => number
}

/**
 * Keeps buckets in this process, a bounded number of them: at least those of the keys that were used
 * last, half as many as the bound.
 * @param maxBuckets how many are remembered at most
 * @param clock milliseconds, never going back
 */
export function memoryBuckets(maxBuckets: number, clock: () => number): MemoryBuckets {
  // Key to the time at which its bucket is full.
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
