import type { Secret } from '../../contract/secret.ts'
import type { Rejection } from '../../problem.ts'
import type { TokenOutcome } from './fetch-token.ts'
import { newPacing, type Pacing } from './pacing.ts'

interface HeldToken {
  readonly token: Secret
  readonly fetchedAtMs: number
  readonly renewAtMs: number
  readonly endsAtMs: number
}

/** What is known of the token of one account; may outlive the cache, and be shared by several. */
export interface TokenMemory {
  held: HeldToken | undefined
  /** The sign-in under way. */
  pending: Promise<Secret | Rejection> | undefined
  readonly pacing: Pacing
}

/**
 * Knows nothing yet.
 * @param clock milliseconds, never running backwards
 */
export function newTokenMemory(clock: () => number): TokenMemory {
  return { held: undefined, pending: undefined, pacing: newPacing(clock) }
}

/** A token is renewed this long before it ends, or at half of its time if that is later. */
const renewalMarginMs = 60_000

/** What a token is good for at least, whatever it says, so that no clock has us fetch without end. */
const leastLifetimeMs = 10_000

/** A token this young is not renewed for a 401: the next one would be refused as well. */
const leastAgeForRenewalMs = 60_000

/** The tokens of one account. */
export interface TokenCache {
  /** The token to use now, or why there is none. */
  readonly get: () => Promise<Secret | Rejection>
  /**
   * Another token than the one that Magento answered with 401; undefined when there is none worth
   * trying. Magento says the same of a token that has ended and of one that lacks a permission, so a
   * 401 has a token renewed only now and then, and the old one is kept until there is a new one.
   */
  readonly replace: (refused: Secret) => Promise<Secret | undefined>
}

/**
 * Keeps a token of Magento and renews it shortly before it ends. It is fetched once, however many
 * requests wait for it. The present one is used until then, and to its end if there is no other.
 * @param opaqueLifetimeMs what a token is good for that does not say so itself
 * @param clock milliseconds, never running backwards
 * @param memory what is known of the account already
 */
export function openTokenCache(
  fetch: () => Promise<TokenOutcome>,
  opaqueLifetimeMs: number,
  clock: () => number,
  memory: TokenMemory,
): TokenCache {
  async function get(): Promise<Secret | Rejection> {
    const { held } = memory
    if (held !== undefined && clock() < held.renewAtMs) return held.token
    const next = nextToken()
    // Nobody waits for the next one, which Magento may take long to give, as long as the present one is good.
    return usable() ?? next
  }

  /** Another token than the present one, or why there is none. */
  function nextToken(): Rejection | Promise<Secret | Rejection> {
    const rejection = memory.pacing.rejection()
    if (rejection !== undefined) return rejection
    memory.pending ??= renew().finally(() => {
      memory.pending = undefined
    })
    return memory.pending
  }

  async function renew(): Promise<Secret | Rejection> {
    const outcome = await fetch()
    if (outcome.kind !== 'token') return memory.pacing.failed(outcome)
    memory.pacing.succeeded()
    const now = clock()
    const lifetimeMs = Math.max(outcome.lifetimeMs ?? opaqueLifetimeMs, leastLifetimeMs)
    memory.held = {
      token: outcome.token,
      fetchedAtMs: now,
      renewAtMs: now + Math.max(lifetimeMs - renewalMarginMs, lifetimeMs / 2),
      endsAtMs: now + lifetimeMs,
    }
    return outcome.token
  }

  /** The present token, while it lasts. */
  function usable(): Secret | undefined {
    const { held } = memory
    return held !== undefined && clock() < held.endsAtMs ? held.token : undefined
  }

  return {
    get,
    replace: async (refused) => {
      const { held } = memory
      const isPresent = held?.token === refused
      if (isPresent && clock() - held.fetchedAtMs < leastAgeForRenewalMs) return undefined
      const token = await (isPresent ? nextToken() : get())
      return 'code' in token ? undefined : token
    },
  }
}
