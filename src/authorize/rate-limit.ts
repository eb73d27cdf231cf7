import { Type } from 'typebox'
import { allow, definePolicy } from '../policy.ts'
import { reject } from '../problem.ts'
import { parseRate, RateSetting } from '../rate.ts'

/** Holds an integration to a sustained rate with a burst, counted over all gateway processes. */
export const rateLimit = definePolicy({
  name: 'rate-limit',
  stage: 'authorize',
  section: 'policies',
  key: 'rateLimit',
  settings: Type.Object(
    {
      rate: RateSetting(),
      burst: Type.Optional(
        Type.Integer({
          minimum: 1,
          maximum: 1_000_000,
          description: 'Size of the bucket in requests; one second of the rate when left out.',
        }),
      ),
    },
    { additionalProperties: false },
  ),
  prepare: ({ rate, burst }, services) => {
    const ratePerSecond = parseRate(rate)
    const take = services.sharedLimiter({
      ratePerSecond,
      burst: burst ?? Math.max(1, Math.ceil(ratePerSecond)),
    })
    return async function checkRateLimit(request) {
      const decision = await take(request)
      if (decision.isAllowed) return allow
      return reject('rate-limited', 'requests of this integration exceed its rate', {
        retryAfterSeconds: Math.max(1, Math.ceil(decision.retryAfterMs / 1000)),
      })
    }
  },
})
