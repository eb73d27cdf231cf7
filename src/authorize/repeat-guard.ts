import { Type } from 'typebox'
import { closed } from '../contract/setting-forms.ts'
import { allow, definePolicy, type NonceResult, type Verdict } from '../policy.ts'
import { reject } from '../problem.ts'

/**
 * Refuses a write for a short while when it comes with a body signature that was used for it before. Such a signature
 * covers neither time nor nonce, so whoever saw it can send it again; this policy is a stop-gap, not a cure. It runs
 * last, so that a caller that another policy refused may send the very same request again.
 */
export const repeatGuard = definePolicy({
  name: 'repeat-guard',
  stage: 'authorize',
  section: 'policies',
  key: 'repeatGuard',
  settings: Type.Object(
    {
      windowMs: Type.Integer({
        minimum: 0,
        maximum: 3_600_000,
        default: 10_000,
        description:
          'Scheme body: how long a write to the same path with the same signature is refused; 0 disables this.',
      }),
    },
    closed,
  ),
  absent: {},
  prepare: ({ windowMs }, { integration, useNonce }) => {
    function verdictOn(result: NonceResult): Verdict {
      if (result === 'fresh') return allow
      if (result === 'seen') return reject('unauthenticated', 'repeated within the window')
      return reject('replay-protection-unavailable', `repeats: ${result}`, { retryAfterSeconds: 2 })
    }
    return function checkRepeat({ repeatKey, repeatedAnswer }) {
      // The answer of the first request is given again, and nothing is carried out.
      if (repeatedAnswer !== undefined) return allow
      if (repeatKey === undefined || windowMs === 0) return allow
      // A request that is refused because it could not be remembered may be sent again as it is, too.
      const result = useNonce(integration, repeatKey, windowMs, 'unused')
      return result instanceof Promise ? result.then(verdictOn) : verdictOn(result)
    }
  },
})
