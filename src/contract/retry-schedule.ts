/** When what failed is sent again: a job, or its call-back. */
export interface RetrySettings {
  /** After the first failure, milliseconds; each further one waits twice as long. */
  readonly firstMs: number
  /** Longest wait between two sendings, milliseconds. */
  readonly longestMs: number
}

/** What is known of what was sent and failed. */
export interface FailedSending {
  /** How often it was sent, this time included. */
  readonly sendings: number
  /** When it failed; milliseconds since the epoch. */
  readonly nowMs: number
  /** After this it is not sent again; milliseconds since the epoch. */
  readonly expiresAtMs: number
  /** How long whoever it is sent to asks to be left alone, milliseconds. */
  readonly retryAfterMs?: number | undefined
}

/**
 * The time of the next sending, milliseconds since the epoch: the wait doubles, and up to half of it is taken
 * off by chance, so that what failed together does not come back together. Who asks for a longer wait gets it.
 * @param random at least 0 and below 1
 * @returns undefined when it is given up, because the next sending would come too late
 */
export function nextSending(
  { firstMs, longestMs }: RetrySettings,
  { sendings, nowMs, expiresAtMs, retryAfterMs = 0 }: FailedSending,
  random: number,
): number | undefined {
  // The exponent is bounded so that the power stays a number.
  const doubledMs = Math.min(longestMs, firstMs * 2 ** Math.min(sendings - 1, 40))
  const atMs = Math.ceil(nowMs + doubledMs * (1 - random / 2))
  if (atMs > expiresAtMs) return undefined
  // Who asks for more than there is gets one last sending.
  return Math.max(atMs, Math.min(nowMs + retryAfterMs, expiresAtMs))
}
