import { isDeepStrictEqual } from 'node:util'
import type { Limit } from '../../contract/limit.ts'
import { limitKey } from './limit-key.ts'
import type { SharedDecision } from './redis-limits.ts'

/** Tokens that this process has taken beforehand, for the requests of one integration and route. */
interface Pool {
  tokens: number
  /** As Redis said last. */
  last: SharedDecision
  /** Until when, and from what cost on, Redis would refuse. */
  refusedUntilMs: number
  refusedCost: number
  /** The round trip under way. */
  refill: Promise<unknown> | undefined
}

/**
 * Decides on requests out of tokens that were taken many at a time, so that most of them need no
 * round trip. Tokens are paid for before they are used: in any window the limit is exceeded by at
 * most what this process held when the window began, which is `leaseTokens`.
 * @param clock milliseconds, never going back
 */
export function tokenLeases(
  decide: (limits: readonly Limit[], cost: number, want: number) => Promise<SharedDecision>,
  clock: () => number,
) {
  const pools = new WeakMap<readonly Limit[], Pool>()
  // By what the limits are of, and what they are: of one integration there is one at a time.
  const latest = new Map<string, { readonly limits: readonly Limit[]; readonly pool: Pool }>()

  /** Decides on the request that nothing is left for, and takes tokens for others with it. */
  async function refill(
    limits: readonly Limit[],
    pool: Pool,
    cost: number,
    leaseTokens: number,
  ): Promise<SharedDecision> {
    const decision = await decide(limits, cost, Math.max(cost, leaseTokens))
    pool.last = decision
    if (decision.granted > 0) {
      // Its own are never in the pool: a request that costs more than a limit has pays for no more than that.
      pool.tokens += decision.granted - cost
      return granted(pool, cost)
    }
    const enforced = decision.states.filter((_, index) => !limits[index]?.isReportOnly)
    pool.refusedUntilMs = clock() + Math.max(...enforced.map(({ retryAfterMs }) => retryAfterMs))
    pool.refusedCost = cost
    return decision
  }

  function granted(pool: Pool, cost: number): SharedDecision {
    const states = pool.last.states.map((state) => ({
      ...state,
      remaining: state.remaining + pool.tokens,
    }))
    return { granted: cost, states }
  }

  function fromPool(pool: Pool, cost: number): SharedDecision | undefined {
    if (pool.tokens >= cost) {
      pool.tokens -= cost
      return granted(pool, cost)
    }
    const waitMs = pool.refusedUntilMs - clock()
    if (waitMs <= 0 || cost < pool.refusedCost) return undefined
    const states = pool.last.states.map((state) =>
      state.isExceeded ? { ...state, retryAfterMs: Math.min(state.retryAfterMs, waitMs) } : state,
    )
    return { granted: 0, states }
  }

  /** @throws {Error} rejects as `decide` does */
  return function decideOnLease(
    limits: readonly Limit[],
    cost: number,
    leaseTokens: number,
  ): SharedDecision | Promise<SharedDecision> {
    const pool = pools.get(limits) ?? poolOf(limits, leaseTokens)
    return fromPool(pool, cost) ?? onceRefilled(limits, pool, cost, leaseTokens)
  }

  /** The pool of a list of limits that is new; what was paid for is kept when the configuration changes. */
  function poolOf(limits: readonly Limit[], leaseTokens: number): Pool {
    const key = limits.map(limitKey).join(' ')
    const before = latest.get(key)
    let pool = before?.pool
    if (pool === undefined || !isDeepStrictEqual(before?.limits, limits)) {
      // What the limits said before they were edited holds no more, but for what was paid.
      const tokens = Math.min(pool?.tokens ?? 0, leaseTokens)
      const last = pool?.last ?? { granted: 0, states: [] }
      if (pool !== undefined) pool.tokens -= tokens
      pool = { tokens, last, refusedUntilMs: 0, refusedCost: 0, refill: undefined }
    }
    pools.set(limits, pool)
    latest.set(key, { limits, pool })
    return pool
  }

  async function onceRefilled(
    limits: readonly Limit[],
    pool: Pool,
    cost: number,
    leaseTokens: number,
  ): Promise<SharedDecision> {
    for (;;) {
      if (pool.refill === undefined) {
        const refilled = refill(limits, pool, cost, leaseTokens)
        pool.refill = refilled.finally(() => {
          pool.refill = undefined
        })
        await pool.refill
        return refilled
      }
      await pool.refill
      const decision = fromPool(pool, cost)
      if (decision !== undefined) return decision
    }
  }
}
