import { Type } from 'typebox'
import { allow, definePolicy, type NonceResult, type Verdict } from '../policy.ts'
import { reject } from '../problem.ts'

/**
 * Refuses the same write under the same body signature for a short while. A signature that covers
 * neither time nor nonce can be sent again by who saw it; this is a stop-gap and no more. It stands
 * last, so that a caller which was refused by another policy may send the very same request again.
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
          'Scheme body: how long the same signature is refused on the same path of a write; 0 for not at all.',
      }),
    },
    { additionalProperties: false },
  ),
  absent: { windowMs: 10_000 },
  prepare: ({ windowMs }, services) => {
    function verdictOn(result: NonceResult): Verdict {
      if (result === 'fresh') return allow
      if (result === 'seen') return reject('unauthenticated', 'repeated within the window')
      return reject('replay-protection-unavailable', `repeats: ${result}`, { retryAfterSeconds: 2 })
    }
    return function checkRepeat({ repeatKey, verified, repeatedAnswer }) {
      // Nothing is carried out again.
      if (repeatedAnswer !== undefined) return allow
      if (repeatKey === undefined || windowMs === 0) return allow
      // None of the parts can hold a space.
      const result = services.useNonce(`${verified} ${repeatKey}`, windowMs)
      return result instanceof Promise ? result.then(verdictOn) : verdictOn(result)
    }
  },
})
