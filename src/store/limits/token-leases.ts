import type { Limit } from '../../limit.ts'
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
    let pool = pools.get(limits)
    if (pool === undefined) {
      const last = { granted: 0, states: [] }
      pool = { tokens: 0, last, refusedUntilMs: 0, refusedCost: 0, refill: undefined }
      pools.set(limits, pool)
    }
    return fromPool(pool, cost) ?? onceRefilled(limits, pool, cost, leaseTokens)
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
