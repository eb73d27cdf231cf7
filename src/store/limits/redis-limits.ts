import { randomUUID } from 'node:crypto'
import type { Limit, LimitState } from '../../contract/limit.ts'
import { luaScript } from '../lua-script.ts'
import type { RedisGuard } from '../redis-guard.ts'
import { whenBack } from '../when-back.ts'
import { periodStart } from './calendar.ts'
import { limitKey } from './limit-key.ts'

/** What the shared store decided about a request. */
export interface SharedDecision {
  /** How many tokens were taken; 0 if the request is refused. */
  readonly granted: number
  readonly states: readonly LimitState[]
  /** Returns the request's share of concurrency limits. To be called when it is over; never fails. */
  readonly release?: (() => void) | undefined
}

/** The script, by the name of its command on the client. */
export const decideLimitsScript = {
  decideLimits: luaScript('decide-limits.lua', import.meta.url),
}

/** A Redis client on which the script is defined. */
export interface LimitCommands {
  decideLimits(keyCount: number, ...keysAndValues: (string | number)[]): Promise<number[]>
  zrem(key: string, member: string): Promise<number>
}

/**
 * Decides on a charge with a single round trip.
 * @param want how many tokens to take if there are enough; at least the cost
 * @throws {Error} rejects if Redis is away or does not answer within the deadline
 */
export type DecideShared = (
  limits: readonly Limit[],
  cost: number,
  want: number,
) => Promise<SharedDecision>

/** A share of a concurrency limit. */
interface HeldLease {
  readonly key: string
  readonly lease: string
}

/** At most this many leases wait to be returned when Redis is back; any others simply expire. */
const maxUnreturned = 10_000

/**
 * Decides on charges in Redis. What cannot be returned while Redis is away is returned when it is back.
 * @param leaseMs how long a request can run at present. After that time, what a crashed process held becomes free.
 * @param wallClock milliseconds since the epoch, close enough to Redis' own clock to be in the same period
 */
export function redisLimits(
  redis: LimitCommands,
  guard: RedisGuard,
  leaseMs: () => number,
  wallClock: () => number,
): DecideShared {
  const leasePrefix = randomUUID()
  let leases = 0
  const giveBackLater = whenBack(guard, giveBack, { most: maxUnreturned, sizeOf: () => 1 })

  function giveBack(held: HeldLease): void {
    const { key, lease } = held
    void guard.ask<unknown>({
      slotKey: key,
      ask: () => redis.zrem(key, lease),
      fallback: () => giveBackLater(held),
    })
  }

  return async function decide(limits, cost, want) {
    leases += 1
    const lease = `${leasePrefix}:${leases}`
    const nowMs = wallClock()
    const concurrency = limits.filter(({ kind }) => kind === 'concurrency')
    const values = limits.flatMap((limit) => scriptValues(limit, nowMs))
    const keysAndValues = [...limits.map(limitKey), lease, leaseMs(), cost, want, ...values]
    const answer = await redis.decideLimits(limits.length, ...keysAndValues).catch((error) => {
      // If Redis answers too late, the request counts as running there, and nobody else would return its share.
      for (const limit of concurrency) giveBack({ key: limitKey(limit), lease })
      throw error
    })
    const [granted = 0, ...numbers] = answer
    const states = limits.map((_, index) => {
      const [exceeded, remaining = 0, retryAfterMs = 0, resetMs = 0] = numbers.slice(4 * index)
      return { isExceeded: exceeded === 1, remaining, retryAfterMs, resetMs }
    })
    const held = limits.filter(
      ({ kind }, index) => kind === 'concurrency' && granted > 0 && !states[index]?.isExceeded,
    )
    if (held.length === 0) return { granted, states }
    const release = () => {
      for (const limit of held) giveBack({ key: limitKey(limit), lease })
    }
    return { granted, states, release }
  }
}

/** The seven values per limit that the script takes; they are listed at its beginning. */
function scriptValues(limit: Limit, nowMs: number): (string | number)[] {
  const { kind, count, isReportOnly } = limit
  const common = [kind, count, isReportOnly ? 1 : 0]
  if (limit.kind === 'rate') return [...common, limit.unitSeconds, limit.burst, 0, 0]
  if (limit.kind === 'concurrency') return [...common, 0, 0, 0, 0]
  const { period } = limit
  const starts = [-1, 0, 1, 2].map((later) => periodStart(period, nowMs, later) / 1000)
  return [...common, ...starts]
}
