import type { RateLimit } from '../policy.ts'
import type { RequestContext } from '../request-context.ts'
import { addressKey } from '../syntax/address-key.ts'
import { boundedMap } from './bounded-map.ts'
import { memoryBuckets } from './memory-buckets.ts'

/** How addresses that guess credentials are blocked. */
export interface PenaltySettings {
  /** How many refusals an address may collect without a penalty. */
  readonly refusals: RateLimit
  /** Length of the first penalty in milliseconds; each further one is twice as long. */
  readonly firstMs: number
  readonly longestMs: number
}

/** Penalties of addresses. This process keeps a bounded number of them in memory. */
export interface AddressPenalties {
  /** How long an address is still blocked, in milliseconds; 0 if it is not. */
  readonly penaltyOf: (key: string) => number
  /** Takes note of a request whose outcome is known; each refusal counts once, however often it is told. */
  readonly note: (request: RequestContext, settings: PenaltySettings) => void
}

interface Penalty {
  readonly lengthMs: number
  readonly untilMs: number
}

/** At most this many addresses are remembered. */
const rememberedAddresses = 50_000

/**
 * Makes guessing costly. A refusal counts against an address if it cannot be charged to an integration: a wrong
 * signature, an unknown integration, a target that is not one of Magento's. An address with more refusals than are
 * allowed is blocked, each time for twice as long. Its penalties are forgotten when the last one
 * has been over for as long as the longest may be.
 * @param clock milliseconds, never going back
 */
export function addressPenalties(clock: () => number): AddressPenalties {
  const buckets = memoryBuckets(rememberedAddresses, clock)
  const penalties = boundedMap<Penalty>(rememberedAddresses)
  const noted = new WeakSet<RequestContext>()

  return {
    penaltyOf: (key) => {
      // Most of the time nobody is blocked.
      if (penalties.size() === 0) return 0
      const penalty = penalties.get(key)
      return penalty === undefined ? 0 : Math.max(0, penalty.untilMs - clock())
    },
    note: (request, { refusals, firstMs, longestMs }) => {
      const { verified, outcome, clientIp } = request
      if (verified !== undefined || clientIp === undefined) return
      if (outcome?.code === undefined || !isGuess(outcome.code, outcome.status)) return
      if (noted.has(request)) return
      noted.add(request)
      const key = addressKey(clientIp)
      if (buckets.take(key, refusals).isAllowed) return
      const nowMs = clock()
      const before = penalties.get(key)
      // The request was under way when the address was blocked, so it does not come back after a penalty.
      if (before !== undefined && nowMs < before.untilMs) return
      const isForgotten = before === undefined || nowMs > before.untilMs + longestMs
      const lengthMs = isForgotten ? firstMs : Math.min(longestMs, before.lengthMs * 2)
      penalties.set(key, { lengthMs, untilMs: nowMs + lengthMs })
    },
  }
}

/** Whether a refusal teaches a guesser something; those of limits and failures on our side do not. */
function isGuess(code: string, status: number): boolean {
  return status >= 400 && status < 499 && code !== 'address-rate-limited'
}
