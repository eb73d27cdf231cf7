import { type Rejection, reject } from '../../problem.ts'
import type { TokenOutcome } from './fetch-token.ts'

/*
 * Pauses after the first failure, the second and so on; the last one is repeated. Magento locks an
 * account for half an hour at its sixth refusal in a row (Magento: Integration/etc/config.xml,
 * oauth/authentication_lock), and a person may have to sign in with it.
 */
const pausesMs = {
  refused: [5_000, 30_000, 300_000, 1_800_000],
  failed: [5_000, 10_000, 20_000, 30_000],
} as const

/** Spaces out requests for a token while they fail. */
export class Pacing {
  readonly #clock: () => number
  // Counted separately: a Magento that fails now and then does not forget how often it has refused.
  #counts = { refused: 0, failed: 0 }
  #resumeAtMs = Number.NEGATIVE_INFINITY
  #reason = ''

  /** @param clock milliseconds, never running backwards */
  constructor(clock: () => number) {
    this.#clock = clock
  }

  /** The answer to requests while no token may be requested; undefined when one may. */
  rejection(): Rejection | undefined {
    const remainingMs = this.#resumeAtMs - this.#clock()
    return remainingMs <= 0 ? undefined : rejectFor(this.#reason, remainingMs)
  }

  /** Forgets all failures, after a success. */
  succeeded(): void {
    this.#counts = { refused: 0, failed: 0 }
  }

  /** Notes a failure; gives the answer to the requests that have waited. */
  failed({ kind, reason }: Exclude<TokenOutcome, { kind: 'token' }>): Rejection {
    const pauses = pausesMs[kind]
    const pauseMs = pauses[Math.min(this.#counts[kind], pauses.length - 1)] as number
    this.#counts[kind] += 1
    this.#resumeAtMs = this.#clock() + pauseMs
    this.#reason = reason
    return rejectFor(reason, pauseMs)
  }
}

function rejectFor(reason: string, pauseMs: number): Rejection {
  return reject('upstream-unavailable', reason, { retryAfterSeconds: Math.ceil(pauseMs / 1000) })
}
