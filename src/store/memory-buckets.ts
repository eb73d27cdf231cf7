import type { LocalDecision, RateLimit } from '../policy.ts'
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
 * last, half as many as the bound. They are kept in two generations and the older one is dropped
 * whole, because to delete single entries from a large map in their order costs more with each one.
 * @param maxBuckets how many are remembered at most
 * @param clock milliseconds, never going back
 */
export function memoryBuckets(maxBuckets: number, clock: () => number): MemoryBuckets {
  const generationSize = Math.max(1, Math.floor(maxBuckets / 2))
  // Key to the time at which its bucket is full.
  let young = new Map<string, number>()
  let old = new Map<string, number>()

  return {
    size: () => young.size + old.size,
    take: (key, limit) => {
      const fullAtBefore = young.get(key) ?? old.get(key) ?? 0
      const decision = takeFromBucket(limit, fullAtBefore, clock())
      young.set(key, decision.fullAtMs)
      if (young.size >= generationSize) {
        old = young
        young = new Map()
      }
      return decision
    },
  }
}
