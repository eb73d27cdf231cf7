import type { LimitState, Rate } from '../../contract/limit.ts'

/**
 * A leaky bucket read as a meter: what was let through fills it, time drains it. The level is an
 * exact whole number: one token is as many parts as the unit of the rate has microseconds, so that in
 * one microsecond exactly `count` parts drain.
 */
export interface RateMeter {
  /** Parts, at most 1,000,000 tokens of 3,600,000,000: below 2^53. */
  readonly level: number
  readonly atUs: number
  /** How many parts a token had when this was written. A change of the configuration can change it. */
  readonly partsOfToken: number
}

/** How many parts one token has. */
export function partsOfToken({ unitSeconds }: Rate): number {
  return unitSeconds * 1_000_000
}

/** The level at a time, in parts. */
export function levelAt(limit: Rate, meter: RateMeter | undefined, nowUs: number): number {
  if (meter === undefined) return 0
  const parts = partsOfToken(limit)
  const written =
    meter.partsOfToken === parts
      ? meter.level
      : Math.ceil((meter.level / meter.partsOfToken) * parts)
  // If the bucket has been made smaller since, it was no more than full.
  const level = Math.min(written, limit.burst * parts)
  return Math.max(0, level - (nowUs - meter.atUs) * limit.count)
}

/** How much one request adds, in parts: its cost, or the whole bucket if it costs more than that. */
export function fillOf(limit: Rate, cost: number): number {
  return Math.min(cost, limit.burst) * partsOfToken(limit)
}

/**
 * The state of a limit after a request.
 * @param level the level including the request, if it was let through
 * @param excess by how many parts the request would have overfilled the bucket; 0 or less if it did not
 */
export function rateState(limit: Rate, level: number, excess: number): LimitState {
  const parts = partsOfToken(limit)
  return {
    isExceeded: excess > 0,
    remaining: Math.floor((limit.burst * parts - level) / parts),
    retryAfterMs: excess > 0 ? Math.ceil(excess / limit.count) / 1000 : 0,
    resetMs: Math.ceil(level / limit.count) / 1000,
  }
}
