import { Type } from 'typebox'
import { closed } from '../contract/setting-forms.ts'
import { allow, definePolicy, type NonceResult, type Verdict } from '../policy.ts'
import { reject } from '../problem.ts'

/** How long a caller is told to wait while nonces cannot be remembered. */
const retryAfterSeconds = 2

/**
 * A nonce is remembered for this much longer than its signature is valid, in milliseconds. If the clock is set back by
 * no more than that, the signature becomes valid for longer, but still cannot be used twice.
 */
const setBackMs = 60_000

/**
 * Lets a signed request through only once. It runs after the signature has been verified, so that nobody can use up
 * nonces, or the memory for them, without the secret.
 */
export const replayGuard = definePolicy({
  name: 'replay-guard',
  stage: 'authenticate',
  section: 'credentials',
  key: 'replay',
  settings: Type.Object(
    {
      onStoreFailure: Type.Enum(['refuseWrites', 'refuseAll'], {
        default: 'refuseWrites',
        description: 'What is refused with 503 while the store cannot remember nonces.',
      }),
    },
    closed,
  ),
  absent: {},
  prepare: ({ onStoreFailure }, { integration, useNonce }) => {
    function verdictOn(result: NonceResult, method: string): Verdict {
      if (result === 'fresh') return allow
      if (result === 'seen') return reject('unauthenticated', 'replayed: the nonce was used before')
      if (onStoreFailure === 'refuseWrites' && method === 'GET') return allow
      return reject('replay-protection-unavailable', `nonces: ${result}`, { retryAfterSeconds })
    }
    return function checkReplay({ nonce, method }) {
      if (nonce === undefined) return allow
      const result = useNonce(integration, nonce.value, nonce.ttlMs + setBackMs)
      return result instanceof Promise
        ? result.then((settled) => verdictOn(settled, method))
        : verdictOn(result, method)
    }
  },
})
