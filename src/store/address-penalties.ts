import type { RateLimit } from '../policy.ts'
import type { RequestContext } from '../request-context.ts'
import { addressKey } from '../syntax/address-key.ts'
import { boundedMap } from './bounded-map.ts'
import { memoryBuckets } from './memory-buckets.ts'

/** What is done about addresses that guess. */
export interface PenaltySettings {
  /** How many refusals of an address are let pass. */
  readonly refusals: RateLimit
  /** First penalty, milliseconds; each further one is twice as long. */
  readonly firstMs: number
  readonly longestMs: number
}

/** Penalties of addresses; kept in this process, a bounded number of them. */
export interface AddressPenalties {
  /** Milliseconds for which an address may send nothing; 0 when it may. */
  readonly penaltyOf: (key: string) => number
  /** Takes note of a request that is over. */
  readonly note: (request: RequestContext, settings: PenaltySettings) => void
}

interface Penalty {
  readonly lengthMs: number
  readonly untilMs: number
}

/** How many addresses are remembered at once. */
const rememberedAddresses = 50_000

/**
 * Makes guessing cost. A refusal counts on an address if no integration could be charged for it: a
 * wrong signature, an unknown integration, a target that is none of Magento's. An address with more of
 * them than are let pass is shut out, each time for twice as long; a penalty is forgotten when nothing
 * was refused for as long again as it took at the longest.
 * @param clock milliseconds, never going back
 */
export function addressPenalties(clock: () => number): AddressPenalties {
  const buckets = memoryBuckets(rememberedAddresses, clock)
  const penalties = boundedMap<Penalty>(rememberedAddresses)

  return {
    penaltyOf: (key) => {
      // Most gateways shut nobody out at most times.
      if (penalties.size() === 0) return 0
      const penalty = penalties.get(key)
      return penalty === undefined ? 0 : Math.max(0, penalty.untilMs - clock())
    },
    note: ({ verified, outcome, clientIp }, { refusals, firstMs, longestMs }) => {
      if (verified !== undefined || clientIp === undefined) return
      if (outcome?.code === undefined || !isGuess(outcome.code, outcome.status)) return
      const key = addressKey(clientIp)
      if (buckets.take(key, refusals).isAllowed) return
      const nowMs = clock()
      const before = penalties.get(key)
      const isForgotten = before === undefined || nowMs > before.untilMs + longestMs
      const lengthMs = isForgotten ? firstMs : Math.min(longestMs, before.lengthMs * 2)
      penalties.set(key, { lengthMs, untilMs: nowMs + lengthMs })
    },
  }
}

/** Refusals that tell a guesser something; not those of a limit, nor failures of ours. */
function isGuess(code: string, status: number): boolean {
  return status >= 400 && status < 499 && code !== 'address-rate-limited'
}
