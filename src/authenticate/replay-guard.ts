import { Type } from 'typebox'
import { allow, definePolicy, type Verdict } from '../policy.ts'
import { reject } from '../problem.ts'

/** What a caller waits while nonces cannot be remembered, seconds. */
const retryAfterSeconds = 2

/**
 * A nonce is remembered for so long beyond the end of its signature, milliseconds: where the clock is set back by
 * at most that, the signature holds for longer and can be used once all the same.
 */
const setBackMs = 60_000

/**
 * Lets a signed request through once. It stands after the signature, so that nobody can use up a
 * nonce, or the room for them, without the secret.
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
    { additionalProperties: false },
  ),
  absent: { onStoreFailure: 'refuseWrites' },
  prepare: ({ onStoreFailure }, services) => {
    async function useOnce(key: string, ttlMs: number, isRead: boolean): Promise<Verdict> {
      const result = await services.useNonce(key, ttlMs)
      if (result === 'fresh') return allow
      if (result === 'seen') return reject('unauthenticated', 'replayed: the nonce was used before')
      if (onStoreFailure === 'refuseWrites' && isRead) return allow
      return reject('replay-protection-unavailable', `nonces: ${result}`, { retryAfterSeconds })
    }
    return function checkReplay({ nonce, claimed, method }) {
      if (nonce === undefined) return allow
      // A tuple, not a joined text: no integration can choose a nonce of another one.
      const key = JSON.stringify([claimed?.integration, nonce.value])
      return useOnce(key, nonce.ttlMs + setBackMs, method === 'GET')
    }
  },
})
