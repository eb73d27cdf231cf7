import type {} from '@fastify/rate-limit'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Charge, LimitDecision } from '../contract/limit.ts'
import type { Store } from './store.ts'

/**
 * A charge on its way through the plugin, and what became of it. The plugin takes it for the request:
 * of that it reads nothing but the options of its route, and whatever its key generator does.
 */
interface Order {
  readonly charge: Charge
  readonly routeOptions: object
  decision: LimitDecision | undefined
}

const noOptions = {}

type Answer = (error: Error | null, result?: { current: number; ttl: number }) => void

/**
 * The store class that `@fastify/rate-limit` asks for, over a {@link Store} of ours. The plugin counts
 * one thing in one window; so what it is given as the key is the whole order, which comes back with
 * the decision on every limit.
 */
export function rateLimitStoreOf(store: Store) {
  return class RateLimitStore {
    incr(key: unknown, callback: Answer): void {
      const order = key as Order
      const settle = (decision: LimitDecision) => {
        order.decision = decision
        callback(null, { current: 1, ttl: 0 })
      }
      const decision = store.decide(order.charge)
      if (decision instanceof Promise) decision.then(settle, callback)
      else settle(decision)
    }

    child(): RateLimitStore {
      return this
    }
  }
}

/**
 * Decides on requests through `@fastify/rate-limit`.
 * @param app with the plugin registered on it
 */
export function limiterOf(app: FastifyInstance) {
  const count = app.createRateLimit({
    max: 1,
    timeWindow: 1000,
    keyGenerator: (order) => order as unknown as string,
  })
  return function decide(charge: Charge): Promise<LimitDecision> {
    const order: Order = { charge, routeOptions: noOptions, decision: undefined }
    return count(order as unknown as FastifyRequest).then(() => {
      if (order.decision === undefined) throw new Error('the rate limiter did not ask its store')
      return order.decision
    })
  }
}
