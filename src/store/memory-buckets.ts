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
 * Keeps buckets in this process, a bounded number of them. When there are more, full ones are
 * dropped, which loses nothing; where none is full, the one unused for longest is.
 * @param maxBuckets how many are remembered at most
 * @param clock milliseconds, never going back
 */
export function memoryBuckets(maxBuckets: number, clock: () => number): MemoryBuckets {
  // Key to the time at which its bucket is full, in the order of last use.
  const fullAt = new Map<string, number>()

  function makeRoom(nowMs: number): void {
    for (const [key, fullAtMs] of fullAt) {
      if (fullAtMs > nowMs && fullAt.size < maxBuckets) return
      fullAt.delete(key)
    }
  }

  return {
    size: () => fullAt.size,
    take: (key, limit) => {
      const nowMs = clock()
      const { fullAtMs, ...decision } = takeFromBucket(limit, fullAt.get(key) ?? 0, nowMs)
      if (decision.isAllowed) {
        const isNew = !fullAt.delete(key)
        if (isNew && fullAt.size >= maxBuckets) makeRoom(nowMs)
        fullAt.set(key, fullAtMs)
      }
      return decision
    },
  }
}
