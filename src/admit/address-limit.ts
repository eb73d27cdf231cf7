import { withJitter } from '../contract/with-jitter.ts'
import { allow, type RateLimit, type Step } from '../policy.ts'
import { reject } from '../problem.ts'
import { addressKey } from '../syntax/address-key.ts'

/** How many addresses are remembered, at about 150 bytes each. */
const rememberedAddresses = 100_000

/**
 * Limits the requests of one address before any other work is done for them, and lets none through while the address
 * is blocked because of its refused requests.
 */
export const addressLimit: Step<{ readonly perAddress: RateLimit }> = {
  name: 'address-limit',
  prepare: ({ perAddress }, services) => {
    const take = services.localLimiter('address', perAddress, rememberedAddresses)
    return function checkAddressLimit(request) {
      const key = addressKey(request.clientIp ?? '')
      const penaltyMs = services.penaltyOf(key)
      if (penaltyMs > 0) {
        return reject(
          'address-rate-limited',
          'penalty: too many requests of this address were refused',
          { retryAfterSeconds: withJitter(penaltyMs / 1000, services.random) },
        )
      }
      const decision = take(key)
      if (decision.isAllowed) return allow
      return reject('address-rate-limited', 'requests of this address exceed the limit', {
        retryAfterSeconds: withJitter(decision.retryAfterMs / 1000, services.random),
      })
    }
  },
}
