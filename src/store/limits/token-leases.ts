import { isDeepStrictEqual } from 'node:util'
import type { Limit, LimitState } from '../../contract/limit.ts'
import { limitKey } from './limit-key.ts'
import type { DecideShared, SharedDecision } from './redis-limits.ts'

/** What Redis said about the limits, and when, in milliseconds. */
interface Said {
  readonly states: readonly LimitState[]
  readonly atMs: number
}

/** Tokens that this process has taken in advance, for the requests to which one list of limits applies. */
interface Pool {
  tokens: number
  /** Redis' answer when it last let a request through. */
  allowed: Said
  /** Redis' answer when it last refused, what that request cost, and until when the same is refused without asking. */
  refused: (Said & { readonly cost: number; readonly untilMs: number }) | undefined
  /** The round trip under way that takes a lease, if there is one. */
  refill: Promise<unknown> | undefined
  /** How many tokens the requests need that wait for it. */
  wanted: number
}

/** A refusal is repeated without asking Redis for at most this long, since an operator may reset limits in Redis. */
const refusedMs = 1_000

/** A request waits for at most this many round trips of others. The second one takes its tokens into account. */
const mostRefills = 2

/**
 * Decides on requests with tokens that are taken many at a time, so that most requests need no round trip. Tokens are
 * charged before they are used. In any window of time a process can therefore exceed the limit by at most the tokens
 * that it held when the window began: fewer than `leaseTokens`, and besides only those taken for requests that already
 * wait.
 * @param clock milliseconds, never going back
 * @param deadlineMs longest that a request waits for Redis
 */
export function tokenLeases(decide: DecideShared, clock: () => number, deadlineMs: number) {
  const pools = new WeakMap<readonly Limit[], Pool>()
  // By the keys of the limits. Unlike `pools`, this survives a reload, which makes a new list of the same limits.
  const latest = new Map<string, { readonly limits: readonly Limit[]; readonly pool: Pool }>()
  /** How long Redis took for its latest answer, milliseconds. */
  let roundTripMs = 0

  /** Decides on a request with a round trip, which may also take tokens for other requests. */
  async function ask(
    limits: readonly Limit[],
    pool: Pool,
    cost: number,
    want: number,
  ): Promise<SharedDecision> {
    const askedAtMs = clock()
    const { granted, states } = await decide(limits, cost, want)
    const said = { states, atMs: clock() }
    roundTripMs = said.atMs - askedAtMs
    if (granted === 0) {
      const enforced = states.filter((_, index) => !limits[index]?.isReportOnly)
      const waitMs = Math.max(...enforced.map(({ retryAfterMs }) => retryAfterMs))
      pool.refused = { ...said, cost, untilMs: said.atMs + Math.min(waitMs, refusedMs) }
      return { granted, states: statesNow(pool, said) }
    }
    // Its own tokens never enter the pool: what a request costs beyond the size of a limit is not charged.
    pool.tokens += granted - cost
    // No limit has less than what the pool holds, also where this request exceeds one that is only reported.
    pool.allowed = { ...said, states: states.map((state) => ({ ...state, isExceeded: false })) }
    return { granted: cost, states: statesNow(pool, said) }
  }

  /** What Redis said, brought up to date: time has passed, and the pool's tokens remain as well. */
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
    // Only for the same cost: a request that costs more may have to wait longer.
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
    // No lease has that many tokens, so there is no point in waiting for one.
    if (cost >= leaseTokens) return ask(limits, pool, cost, cost)
    return onceRefilled(limits, pool, cost, leaseTokens)
  }

  /**
   * The pool for a new list of limits. Tokens that have been charged are kept when the configuration changes, up to a
   * lease, and are taken from the pool before, which the former configuration may still use.
   */
  function poolOf(limits: readonly Limit[], leaseTokens: number): Pool {
    const key = limits.map(limitKey).join(' ')
    const before = latest.get(key)
    let pool = before?.pool
    if (pool === undefined || !isDeepStrictEqual(before?.limits, limits)) {
      // A refusal under the former limits no longer applies, but the charged tokens are still ours. What remains is
      // told as under the former limits until Redis has answered again.
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
   * Takes a lease, or waits for one that is being taken. Requests that arrive together share a few round trips. Each
   * waits for two of others at most, and then asks for itself: waiting for more could take longer than the deadline. So
   * could waiting for any while Redis is slow.
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
      if (roundTripMs * (mostRefills + 1) > deadlineMs) break
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
