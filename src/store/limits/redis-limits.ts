import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { Limit, LimitState } from '../../contract/limit.ts'
import { periodStart } from './calendar.ts'
import { limitKey } from './limit-key.ts'

/** What the shared store says of a request. */
export interface SharedDecision {
  /** Tokens taken; 0 when the request is refused. */
  readonly granted: number
  readonly states: readonly LimitState[]
  /** Gives back what is held while the request runs; never fails. */
  readonly release?: (() => void) | undefined
}

/** The script, under the name that it has as a command of the client. */
export const decideLimitsScript = {
  decideLimits: { lua: readFileSync(new URL('decide-limits.lua', import.meta.url), 'utf8') },
}

/** A client of Redis with the script defined. */
export interface LimitCommands {
  decideLimits(keyCount: number, ...keysAndValues: (string | number)[]): Promise<number[]>
  zrem(key: string, member: string): Promise<number>
}

/** Limits in Redis. */
export interface RedisLimits {
  /**
   * Decides on a charge, in one round trip.
   * @param want tokens to take if there are as many; at least the cost
   * @throws {Error} rejects when Redis is away or does not answer within the deadline
   */
  readonly decide: (limits: readonly Limit[], cost: number, want: number) => Promise<SharedDecision>
  /** Gives back what could not be given back while Redis was away; to be called when it is there again. */
  readonly settle: () => void
}

/** Leases that wait for Redis to be back, at most; the others end by themselves. */
const maxUnsettled = 10_000

/**
 * Decides on charges in Redis.
 * @param leaseMs how long a request can run at present; after that what a process that has crashed held is free
 * @param wallClock milliseconds since the epoch, near enough to Redis' own to be in the same period
 */
export function redisLimits(
  redis: LimitCommands,
  leaseMs: () => number,
  wallClock: () => number,
): RedisLimits {
  const leasePrefix = randomUUID()
  let leases = 0
  let unsettled: (readonly [key: string, lease: string])[] = []

  function giveBack(key: string, lease: string): void {
    redis.zrem(key, lease).catch(() => {
      if (unsettled.length < maxUnsettled) unsettled.push([key, lease])
    })
  }

  async function decide(
    limits: readonly Limit[],
    cost: number,
    want: number,
  ): Promise<SharedDecision> {
    leases += 1
    const lease = `${leasePrefix}:${leases}`
    const nowMs = wallClock()
    const concurrency = limits.filter(({ kind }) => kind === 'concurrency')
    const values = limits.flatMap((limit) => scriptValues(limit, nowMs))
    const keysAndValues = [...limits.map(limitKey), lease, leaseMs(), cost, want, ...values]
    const answer = await redis.decideLimits(limits.length, ...keysAndValues).catch((error) => {
      // A Redis that answers too late has decided all the same, and nobody else would give it back.
      for (const limit of concurrency) giveBack(limitKey(limit), lease)
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
      for (const limit of held) giveBack(limitKey(limit), lease)
    }
    return { granted, states, release }
  }

  return {
    decide,
    settle: () => {
      const due = unsettled
      unsettled = []
      for (const [key, lease] of due) giveBack(key, lease)
    },
  }
}

/** The seven values of a limit that the head of the script lists. */
function scriptValues(limit: Limit, nowMs: number): (string | number)[] {
  const { kind, count, isReportOnly } = limit
  const common = [kind, count, isReportOnly ? 1 : 0]
  if (limit.kind === 'rate') return [...common, limit.unitSeconds, limit.burst, 0, 0]
  if (limit.kind === 'concurrency') return [...common, 0, 0, 0, 0]
  const { period } = limit
  const starts = [-1, 0, 1, 2].map((later) => periodStart(period, nowMs, later) / 1000)
  return [...common, ...starts]
}
