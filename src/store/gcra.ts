import type { LocalDecision, RateLimit } from '../policy.ts'

/** A bucket after a decision. */
export interface BucketDecision extends LocalDecision {
  /** When the bucket is full again; milliseconds; no later for a request that was refused. */
  readonly fullAtMs: number
}

/**
 * Takes one request out of a bucket by GCRA, the leaky bucket read as a meter: of a bucket only the
 * time is kept at which it will be full again. A request moves it on by what one request costs; a
 * request that would move it further ahead than the whole bucket is refused and takes nothing.
 * @param fullAtMs when the bucket is full again; anything in the past for a full one
 * @param nowMs on the same clock
 */
export function takeFromBucket(limit: RateLimit, fullAtMs: number, nowMs: number): BucketDecision {
  const intervalMs = 1000 / limit.ratePerSecond
  const capacityMs = limit.burst * intervalMs
  // Sums of intervals are not exact; a millionth of a request is not worth a refusal.
  const slackMs = intervalMs * 1e-6
  // What was emptied at a slower rate, or when it was larger, is empty and no more.
  const emptyMs = nowMs + capacityMs
  const heldFullAtMs = fullAtMs > emptyMs + slackMs ? emptyMs : fullAtMs
  const next = Math.max(heldFullAtMs, nowMs) + intervalMs
  const excessMs = next - nowMs - capacityMs
  if (excessMs > slackMs) {
    return { isAllowed: false, remaining: 0, retryAfterMs: excessMs, fullAtMs: heldFullAtMs }
  }
  const remaining = Math.max(0, Math.floor(1e-6 - excessMs / intervalMs))
  return { isAllowed: true, remaining, retryAfterMs: 0, fullAtMs: next }
}
