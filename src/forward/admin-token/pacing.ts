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
export interface Pacing {
  /** The answer to requests while no token may be requested; undefined when one may. */
  readonly rejection: () => Rejection | undefined
  /** Forgets all failures, after a success. */
  readonly succeeded: () => void
  /** Notes a failure; gives the answer to the requests that have waited. */
  readonly failed: (outcome: Exclude<TokenOutcome, { kind: 'token' }>) => Rejection
}

/**
 * Knows of no failure yet.
 * @param clock milliseconds, never running backwards
 */
export function newPacing(clock: () => number): Pacing {
  // Counted separately: a Magento that fails now and then does not forget how often it has refused.
  let counts = { refused: 0, failed: 0 }
  let resumeAtMs = Number.NEGATIVE_INFINITY
  let lastReason = ''
  return {
    rejection: () => {
      const remainingMs = resumeAtMs - clock()
      return remainingMs <= 0 ? undefined : rejectFor(lastReason, remainingMs)
    },
    succeeded: () => {
      counts = { refused: 0, failed: 0 }
    },
    failed: ({ kind, reason }) => {
      const pauses = pausesMs[kind]
      const pauseMs = pauses[Math.min(counts[kind], pauses.length - 1)] as number
      counts[kind] += 1
      resumeAtMs = clock() + pauseMs
      lastReason = reason
      return rejectFor(reason, pauseMs)
    },
  }
}

function rejectFor(reason: string, pauseMs: number): Rejection {
  return reject('upstream-unavailable', reason, { retryAfterSeconds: Math.ceil(pauseMs / 1000) })
}
