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
  /** Parts of one token when this was written; another one after an edit of the configuration. */
  readonly partsOfToken: number
}

/** Parts of one token. */
export function partsOfToken({ unitSeconds }: Rate): number {
  return unitSeconds * 1_000_000
}

/** The level at a time; parts. */
export function levelAt(limit: Rate, meter: RateMeter | undefined, nowUs: number): number {
  if (meter === undefined) return 0
  const parts = partsOfToken(limit)
  const written =
    meter.partsOfToken === parts
      ? meter.level
      : Math.ceil((meter.level / meter.partsOfToken) * parts)
  const level = written - (nowUs - meter.atUs) * limit.count
  // A bucket that was made smaller is full and no more.
  return Math.max(0, Math.min(level, limit.burst * parts))
}

/** What one request fills, parts: its cost, or the whole bucket where it costs more than that. */
export function fillOf({ burst, unitSeconds }: Rate, cost: number): number {
  return Math.min(cost, burst) * unitSeconds * 1_000_000
}

/**
 * How the limit stands.
 * @param level with what the request has filled, if it was let through
 * @param excess parts that the request would have gone beyond the bucket; 0 or less when it has not
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
