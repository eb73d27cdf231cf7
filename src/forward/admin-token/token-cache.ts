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
 * requests wait for it. The present one is used until then, and to its end if there is no other.
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
    memory: TokenMemory,
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
    const next = this.#next()
    // Nobody waits for the next one, which Magento may take long to give, as long as the present one is good.
    return this.#usable() ?? next
  }

  /**
   * Another token than the one that Magento answered with 401; undefined when there is none worth
   * trying. Magento says the same of a token that has ended and of one that lacks a permission, so a
   * 401 has a token renewed only now and then, and the old one is kept until there is a new one.
   */
  async replace(refused: Secret): Promise<Secret | undefined> {
    const { held } = this.#memory
    const isPresent = held?.token === refused
    if (isPresent && this.#clock() - held.fetchedAtMs < leastAgeForRenewalMs) return undefined
    const token = await (isPresent ? this.#next() : this.get())
    return 'code' in token ? undefined : token
  }

  /** Another token than the present one, or why there is none. */
  #next(): Rejection | Promise<Secret | Rejection> {
    const rejection = this.#memory.pacing.rejection()
    if (rejection !== undefined) return rejection
    this.#memory.pending ??= this.#renew().finally(() => {
      this.#memory.pending = undefined
    })
    return this.#memory.pending
  }

  async #renew(): Promise<Secret | Rejection> {
    const outcome = await this.#fetch()
    if (outcome.kind !== 'token') return this.#memory.pacing.failed(outcome)
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
