/**
 * The oldest a signature can be and still be accepted under any configuration, in milliseconds. Its nonce is remembered
 * for this long rather than for the configured time, which a reload may raise.
 */
export const longestAgeMs = 300_000

/**
 * Finds out why the time of a signature is not accepted.
 * @param name of the field that has it, for the audit
 * @param timestamp seconds since the epoch, as written
 * @param maxAgeMs how far it may differ from `nowMs`, in either direction
 */
export function findTimeFault(
  name: string,
  timestamp: string,
  maxAgeMs: number,
  nowMs: number,
): string | undefined {
  if (!/^\d{1,11}$/.test(timestamp)) return `${name} is not a number of seconds`
  const behindMs = nowMs - Number(timestamp) * 1000
  if (Math.abs(behindMs) <= maxAgeMs) return undefined
  return `${name} is ${Math.round(behindMs / 1000)} s behind the gateway's clock`
}

/** How long the nonce of a signature must be remembered, milliseconds. */
export function nonceTtlMs(timestamp: string, nowMs: number): number {
  return Number(timestamp) * 1000 + longestAgeMs - nowMs + 1
}
