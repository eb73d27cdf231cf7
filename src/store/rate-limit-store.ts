import type {} from '@fastify/rate-limit'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { LimitDecision, RateLimit, SharedLimiter } from '../policy.ts'
import type { Store } from './store.ts'

/** The store class that `@fastify/rate-limit` asks for, over a {@link Store} of ours. */
export function rateLimitStoreOf(store: Store) {
  return class RateLimitStore {
    /**
     * Counts one request. The plugin speaks of at most `max` in a window; here that is a bucket of
     * `max` requests that is refilled within the window.
     * @param timeWindow milliseconds
     */
    incr(
      key: string,
      callback: (error: Error | null, result?: { current: number; ttl: number }) => void,
      timeWindow = 1000,
      max = 1,
    ): void {
      const limit = { burst: max, ratePerSecond: (max * 1000) / timeWindow }
      const settle = ({ isAllowed, remaining, retryAfterMs }: LimitDecision) =>
        callback(null, { current: isAllowed ? max - remaining : max + 1, ttl: retryAfterMs })
      const decision = store.take(key, limit)
      if (decision instanceof Promise) decision.then(settle, callback)
      else settle(decision)
    }

    child(): RateLimitStore {
      return this
    }
  }
}

/**
 * A limiter of `@fastify/rate-limit` that counts by verified integration.
 * @param app with the plugin registered on it
 */
export function sharedLimiter(app: FastifyInstance, limit: RateLimit): SharedLimiter {
  const count = app.createRateLimit({
    max: limit.burst,
    // A function, because the plugin cuts a number down to whole milliseconds.
    timeWindow: () => (limit.burst * 1000) / limit.ratePerSecond,
    keyGenerator: (request) => request.gate.verified ?? '',
  })
  return async ({ transport }) => {
    const result = await count(transport as FastifyRequest)
    if (result.isAllowed) throw new Error('the rate limiter has an allow list')
    const { isExceeded, remaining, ttl } = result
    return { isAllowed: !isExceeded, remaining, retryAfterMs: isExceeded ? ttl : 0 }
  }
}
