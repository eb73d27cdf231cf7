import { isDeepStrictEqual } from 'node:util'
import type { Limit, LimitState } from '../../contract/limit.ts'
import { limitKey } from './limit-key.ts'
import type { SharedDecision } from './redis-limits.ts'

/** What Redis said, and when; milliseconds. */
interface Said {
  readonly states: readonly LimitState[]
  readonly atMs: number
}

/** Tokens that this process has taken beforehand, for the requests of one integration and route. */
interface Pool {
  tokens: number
  /** When it let a request through last. */
  allowed: Said
  /** When it refused last, what the request cost, and until when the same is refused again without a round trip. */
  refused: (Said & { readonly cost: number; readonly untilMs: number }) | undefined
  /** The round trip under way, and tokens that requests wait for meanwhile. */
  refill: Promise<unknown> | undefined
  wanted: number
}

/** For so long at most a refusal is repeated without a round trip: who is in charge of Redis may have it forget. */
const refusedMs = 1_000

/** So many round trips of others a request waits for; the second of them takes tokens for it too. */
const mostRefills = 2

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

  /** Decides on a request by a round trip of its own, which may take tokens for others with it. */
  async function ask(
    limits: readonly Limit[],
    pool: Pool,
    cost: number,
    want: number,
  ): Promise<SharedDecision> {
    const { granted, states } = await decide(limits, cost, want)
    const said = { states, atMs: clock() }
    if (granted === 0) {
      const enforced = states.filter((_, index) => !limits[index]?.isReportOnly)
      const waitMs = Math.max(...enforced.map(({ retryAfterMs }) => retryAfterMs))
      pool.refused = { ...said, cost, untilMs: said.atMs + Math.min(waitMs, refusedMs) }
      return { granted, states: statesNow(pool, said) }
    }
    // Its own are never in the pool: a request that costs more than a limit has pays for no more than that.
    pool.tokens += granted - cost
    pool.allowed = said
    return { granted: cost, states: statesNow(pool, said) }
  }

  /** How limits stand some time after Redis said so, with what this process holds of them. */
  function statesNow({ tokens }: Pool, { states, atMs }: Said): LimitState[] {
    const passedMs = clock() - atMs
    return states.map(({ isExceeded, remaining, retryAfterMs, resetMs }) => ({
      isExceeded,
      remaining: isExceeded ? remaining : remaining + tokens,
      retryAfterMs: Math.max(0, retryAfterMs - passedMs),
      resetMs: Math.max(0, resetMs - passedMs),
    }))
  }

  function fromPool(pool: Pool, cost: number): SharedDecision | undefined {
    if (pool.tokens >= cost) {
      pool.tokens -= cost
      return { granted: cost, states: statesNow(pool, pool.allowed) }
    }
    // One that costs more may have to wait for longer.
    const { refused } = pool
    if (refused?.cost !== cost || clock() >= refused.untilMs) return undefined
    return { granted: 0, states: statesNow(pool, refused) }
  }

  /** @throws {Error} rejects as `decide` does */
  return function decideOnLease(
    limits: readonly Limit[],
    cost: number,
    leaseTokens: number,
  ): SharedDecision | Promise<SharedDecision> {
    const pool = pools.get(limits) ?? poolOf(limits, leaseTokens)
    const decision = fromPool(pool, cost)
    if (decision !== undefined) return decision
    // No lease holds as much, so there is nothing to wait for.
    if (cost >= leaseTokens) return ask(limits, pool, cost, cost)
    return onceRefilled(limits, pool, cost, leaseTokens)
  }

  /** The pool of a list of limits that is new; what was paid for is kept when the configuration changes. */
  function poolOf(limits: readonly Limit[], leaseTokens: number): Pool {
    const key = limits.map(limitKey).join(' ')
    const before = latest.get(key)
    let pool = before?.pool
    if (pool === undefined || !isDeepStrictEqual(before?.limits, limits)) {
      // What the limits said before they were edited holds no more, but for what was paid.
      const tokens = Math.min(pool?.tokens ?? 0, leaseTokens)
      const allowed = pool?.allowed ?? { states: [], atMs: 0 }
      if (pool !== undefined) pool.tokens -= tokens
      pool = { tokens, allowed, refused: undefined, refill: undefined, wanted: 0 }
    } else pool.tokens = Math.min(pool.tokens, leaseTokens)
    pools.set(limits, pool)
    latest.set(key, { limits, pool })
    return pool
  }

  /**
   * Takes a lease, or waits for one that is being taken. Requests that come together wait for few round trips and
   * not each for those of all before it, which could take longer than the deadline of the store.
   */
  async function onceRefilled(
    limits: readonly Limit[],
    pool: Pool,
    cost: number,
    leaseTokens: number,
  ): Promise<SharedDecision> {
    for (let refills = 0; refills < mostRefills; refills += 1) {
      if (pool.refill === undefined) {
        const want = Math.max(cost + Math.max(0, pool.wanted - pool.tokens), leaseTokens)
        const asked = ask(limits, pool, cost, want)
        pool.refill = asked.finally(() => {
          pool.refill = undefined
        })
        await pool.refill
        return asked
      }
      pool.wanted += cost
      try {
        await pool.refill
      } finally {
        pool.wanted -= cost
      }
      const decision = fromPool(pool, cost)
      if (decision !== undefined) return decision
    }
    return ask(limits, pool, cost, cost)
  }
}
