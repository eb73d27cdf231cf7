/** When a job, or its call-back, is sent again after a failure. */
export interface RetrySettings {
  /** Wait after the first failure, milliseconds; it doubles with each further one. */
  readonly firstMs: number
  /** Longest wait between two sendings, milliseconds. */
  readonly longestMs: number
}

/** A sending that failed. */
export interface FailedSending {
  /** How often it was sent, this time included. */
  readonly sendings: number
  /** When it failed; milliseconds since the epoch. */
  readonly nowMs: number
  /** After this it is not sent again; milliseconds since the epoch. */
  readonly expiresAtMs: number
  /** How long the receiver asks not to be sent to, milliseconds. */
  readonly retryAfterMs?: number | undefined
}

/**
 * The time of the next sending, milliseconds since the epoch. The wait doubles each time, less up to half of
 * it at random, so that what failed together is not sent again together. A receiver that asks for a longer
 * wait gets it. If less time than that is left, the last sending comes at its end.
 * @param random at least 0 and below 1
 * @returns undefined when no time is left, so that it is given up
 */
export function nextSending(
  { firstMs, longestMs }: RetrySettings,
  { sendings, nowMs, expiresAtMs, retryAfterMs = 0 }: FailedSending,
  random: number,
): number | undefined {
  if (nowMs >= expiresAtMs) return undefined
  // The exponent is bounded so that the power stays finite.
  const doubledMs = Math.min(longestMs, firstMs * 2 ** Math.min(sendings - 1, 40))
  const waitMs = Math.max(doubledMs * (1 - random / 2), retryAfterMs)
  return Math.min(Math.ceil(nowMs + waitMs), expiresAtMs)
}
