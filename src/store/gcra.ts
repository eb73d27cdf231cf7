import type { LocalDecision, RateLimit } from '../policy.ts'

/** A bucket after a decision. */
export interface BucketDecision extends LocalDecision {
  /** When the bucket is full again; milliseconds, unchanged when the request was refused. */
  readonly fullAtMs: number
}

/**
 * Takes one request out of a bucket by GCRA, the leaky bucket read as a meter: of a bucket only the
 * time is kept at which it will be full again. A request moves it on by what one request costs; a
 * request that would move it further ahead than the whole bucket is refused and changes nothing.
 * @param fullAtMs when the bucket is full again; anything in the past for a full one
 * @param nowMs on the same clock
 */
export function takeFromBucket(limit: RateLimit, fullAtMs: number, nowMs: number): BucketDecision {
  const intervalMs = 1000 / limit.ratePerSecond
  const capacityMs = limit.burst * intervalMs
  // A bucket that was made smaller, or faster, is empty and no more.
  const next = Math.min(Math.max(fullAtMs, nowMs), nowMs + capacityMs) + intervalMs
  const excessMs = next - nowMs - capacityMs
  // Sums of intervals are not exact; a millionth of a request is not worth a refusal.
  if (excessMs > intervalMs * 1e-6) {
    return { isAllowed: false, remaining: 0, retryAfterMs: excessMs, fullAtMs }
  }
  const remaining = Math.max(0, Math.floor(1e-6 - excessMs / intervalMs))
  return { isAllowed: true, remaining, retryAfterMs: 0, fullAtMs: next }
}
