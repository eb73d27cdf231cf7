import { isDeepStrictEqual } from 'node:util'
import type { Limit } from '../../limit.ts'
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
  refill: Promise<void> | undefined
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

  async function refill(limits: readonly Limit[], pool: Pool, cost: number, leaseTokens: number) {
    const decision = await decide(limits, cost, Math.max(cost, leaseTokens))
    pool.last = decision
    pool.tokens += decision.granted
    if (decision.granted === 0) {
      const enforced = decision.states.filter((_, index) => !limits[index]?.isReportOnly)
      pool.refusedUntilMs = clock() + Math.max(...enforced.map(({ retryAfterMs }) => retryAfterMs))
      pool.refusedCost = cost
    }
  }

  function fromPool(pool: Pool, cost: number): SharedDecision | undefined {
    if (pool.tokens >= cost) {
      pool.tokens -= cost
      const states = pool.last.states.map((state) => ({
        ...state,
        remaining: state.remaining + pool.tokens,
      }))
      return { granted: cost, states }
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
      pool.refill ??= refill(limits, pool, cost, leaseTokens).finally(() => {
        pool.refill = undefined
      })
      await pool.refill
      const decision = fromPool(pool, cost)
      if (decision !== undefined) return decision
    }
  }
}
