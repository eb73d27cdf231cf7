import type { LocalDecision, RateLimit } from '../policy.ts'

/** A bucket after a decision. */
export interface BucketDecision extends LocalDecision {
  /** When the bucket is full again, in milliseconds. A refused request does not postpone it. */
  readonly fullAtMs: number
}

/**
 * Takes one request out of a bucket, by GCRA: the only state of a bucket is the time at which it will be full again.
 * Each request postpones that time by the interval of the rate. A request that would postpone it by more than a whole
 * bucket takes to fill is refused and changes nothing.
 * @param fullAtMs when the bucket is full again; any time in the past for a full one
 * @param nowMs on the same clock
 */
export function takeFromBucket(limit: RateLimit, fullAtMs: number, nowMs: number): BucketDecision {
  const intervalMs = 1000 / limit.ratePerSecond
  const capacityMs = limit.burst * intervalMs
  // Sums of intervals are not exact, and a millionth of a request is not worth a refusal.
  const slackMs = intervalMs * 1e-6
  // After a change of the rate or size, a bucket that is emptier than empty counts as just empty.
  const emptyMs = nowMs + capacityMs
  const heldFullAtMs = fullAtMs > emptyMs + slackMs ? emptyMs : fullAtMs
  const next = Math.max(heldFullAtMs, nowMs) + intervalMs
  const excessMs = next - nowMs - capacityMs
  if (excessMs > slackMs) {
    return { isAllowed: false, retryAfterMs: excessMs, fullAtMs: heldFullAtMs }
  }
  return { isAllowed: true, retryAfterMs: 0, fullAtMs: next }
}
