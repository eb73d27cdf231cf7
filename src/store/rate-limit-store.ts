import type {} from '@fastify/rate-limit'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Charge, LimitDecision } from '../contract/limit.ts'
import type { Store } from './store.ts'

/**
 * Carries a charge through the plugin and brings the decision back. It is passed to the plugin in place of a request,
 * of which the plugin reads only the options of the route and whatever its key generator reads.
 */
interface Order {
  readonly charge: Charge
  readonly routeOptions: object
  decision: LimitDecision | undefined
}

const noOptions = {}

type Answer = (error: Error | null, result?: { current: number; ttl: number }) => void

/**
 * The store class that `@fastify/rate-limit` requires, on top of our own {@link Store}. The plugin can only count one
 * thing in one window, so it gets the whole order as the "key", and the decision on all limits is put into that order.
 */
export function rateLimitStoreOf(store: Store) {
  return class RateLimitStore {
    incr(key: unknown, callback: Answer): void {
      const order = key as Order
      const answer = (decision: LimitDecision) => {
        order.decision = decision
        callback(null, { current: 1, ttl: 0 })
      }
      const decision = store.decide(order.charge)
      if (decision instanceof Promise) decision.then(answer, callback)
      else answer(decision)
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
