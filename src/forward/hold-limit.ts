import type { RequestContext } from '../request-context.ts'

/**
 * Answers of at most this length are held until they are whole: one write to the caller, an answer
 * that breaks off becomes a clean 502 instead of a cut one, and a 401 can be looked at.
 */
const holdLimitBytes = 65_536

/** The same for answers that are kept for whoever sends the same key again. */
const keyHoldLimitBytes = 1_048_576

/** How long an answer may be to be held until it is whole, bytes. */
export function holdLimitOf({ fill, heldKey }: RequestContext): number {
  if (fill !== undefined) return fill.holdBytes
  return heldKey === undefined ? holdLimitBytes : keyHoldLimitBytes
}
