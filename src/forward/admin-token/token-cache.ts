import type { Secret } from '../../contract/secret.ts'
import type { Rejection } from '../../problem.ts'
import type { TokenOutcome } from './fetch-token.ts'
import { Pacing } from './pacing.ts'

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
  return { held: undefined, pending: undefined, pacing: new Pacing(clock) }
}

/** A token is renewed this long before it ends, or at half of its time if that is later. */
const renewalMarginMs = 60_000

/** What a token is good for at least, whatever it says, so that no clock has us fetch without end. */
const leastLifetimeMs = 10_000

/** A token this young is not renewed for a 401: the next one would be refused as well. */
const leastAgeForRenewalMs = 60_000

/**
 * Keeps a token of Magento and renews it shortly before it ends. It is fetched once, however many
 * requests wait for it; while it cannot be fetched, the present one is used to its end.
 */
export class TokenCache {
  readonly #fetch: () => Promise<TokenOutcome>
  readonly #opaqueLifetimeMs: number
  readonly #clock: () => number
  readonly #memory: TokenMemory

  /**
   * @param opaqueLifetimeMs what a token is good for that does not say so itself
   * @param clock milliseconds, never running backwards
   * @param memory what is known of the account already
   */
  constructor(
    fetch: () => Promise<TokenOutcome>,
    opaqueLifetimeMs: number,
    clock: () => number,
    memory = newTokenMemory(clock),
  ) {
    this.#fetch = fetch
    this.#opaqueLifetimeMs = opaqueLifetimeMs
    this.#clock = clock
    this.#memory = memory
  }

  /** The token to use now, or why there is none. */
  async get(): Promise<Secret | Rejection> {
    const { held } = this.#memory
    if (held !== undefined && this.#clock() < held.renewAtMs) return held.token
    const rejection = this.#memory.pacing.rejection()
    if (rejection !== undefined) return this.#usable() ?? rejection
    this.#memory.pending ??= this.#renew().finally(() => {
      this.#memory.pending = undefined
    })
    return this.#memory.pending
  }

  /**
   * Another token than the one that Magento answered with 401; undefined when there is none worth
   * trying. Magento says the same of a token that has ended and of one that lacks a permission, so a
   * 401 has a token renewed only now and then, and the old one is kept until there is a new one.
   */
  async replace(refused: Secret): Promise<Secret | undefined> {
    const now = this.#clock()
    if (this.#memory.held?.token === refused) {
      if (now - this.#memory.held.fetchedAtMs < leastAgeForRenewalMs) return undefined
      this.#memory.held = { ...this.#memory.held, renewAtMs: now }
    }
    const token = await this.get()
    return 'code' in token || token === refused ? undefined : token
  }

  async #renew(): Promise<Secret | Rejection> {
    const outcome = await this.#fetch()
    if (outcome.kind !== 'token') {
      const rejection = this.#memory.pacing.failed(outcome)
      return this.#usable() ?? rejection
    }
    this.#memory.pacing.succeeded()
    const now = this.#clock()
    const lifetimeMs = Math.max(outcome.lifetimeMs ?? this.#opaqueLifetimeMs, leastLifetimeMs)
    this.#memory.held = {
      token: outcome.token,
      fetchedAtMs: now,
      renewAtMs: now + Math.max(lifetimeMs - renewalMarginMs, lifetimeMs / 2),
      endsAtMs: now + lifetimeMs,
    }
    return outcome.token
  }

  /** The present token, while it lasts. */
  #usable(): Secret | undefined {
    return this.#memory.held !== undefined && this.#clock() < this.#memory.held.endsAtMs
      ? this.#memory.held.token
      : undefined
  }
}
