import type { RequestContext } from '../request-context.ts'

/**
 * Answers of at most this length are held until they are complete. That takes a single write to the
 * caller, turns an answer that breaks off into a clean 502, and lets a 401 be looked at.
 */
const holdLimitBytes = 65_536

/** The same for answers that are kept for a repetition of the same Idempotency-Key. */
const keyHoldLimitBytes = 1_048_576

/** The longest answer to a request that is held until it is complete, bytes. */
export function holdLimitOf({ fill, heldKey }: RequestContext): number {
  if (fill !== undefined) return fill.holdBytes
  return heldKey === undefined ? holdLimitBytes : keyHoldLimitBytes
}
