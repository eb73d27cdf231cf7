import type { Logger } from 'pino'
import type { Limit, LimitDecision } from '../contract/limit.ts'
import { onceFor } from '../contract/once-for.ts'
import type { NonceResult } from '../policy.ts'
import type { StoreMetrics } from '../record/metrics/store-metrics.ts'
import { redisAnswers } from './answers/redis-answers.ts'
import { guardClient } from './guard-client.ts'
import { redisKeys } from './idempotency/redis-keys.ts'
import type { DecideInMemory, LimitClocks } from './limits/memory-limits.ts'
import { redisLimits, type SharedDecision } from './limits/redis-limits.ts'
import { shareOf } from './limits/share-of.ts'
import { tokenLeases } from './limits/token-leases.ts'
import { openRedisClient, type RedisLocation } from './redis-client.ts'
import type { Store, StoreSettings } from './store.ts'
import { prepareEvictionWarning } from './warn-of-eviction.ts'

/** How late a timer can be. Deadlines are shortened by it, so that nobody waits longer than the deadline says. */
const timerSlackMs = 5

/**
 * Opens the store in Redis. Resolves after the first attempt to reach it, even if that fails.
 * @param location where Redis is
 * @param decideLocally decides on limits while Redis is away
 */
export async function openRedisStore(
  location: RedisLocation,
  settings: StoreSettings,
  decideLocally: DecideInMemory,
  clocks: LimitClocks,
  log: Logger,
  metrics: StoreMetrics,
): Promise<Store> {
  const deadlineMs = Math.max(1, settings.deadlineMs - timerSlackMs)
  const redis = openRedisClient(location, deadlineMs)
  const guarded = { deadlineMs, log, metrics, shared: 'limits and nonces' }
  const guard = await guardClient(redis, guarded)
  metrics.watch(guard.isAway)
  const lookForEviction = prepareEvictionWarning(redis, log)
  void lookForEviction()
  guard.onBack(() => void lookForEviction())

  const decide = redisLimits(redis, guard, settings.requestMs, clocks.wall)
  const decideOnLease = tokenLeases(decide, clocks.monotonic, deadlineMs)
  const shares = onceFor((limits: readonly Limit[]) =>
    limits.map((limit) => shareOf(limit, settings.localShare)),
  )

  return {
    decide: (charge) =>
      guard.ask<LimitDecision>({
        slotKey: charge.limits[0]?.key.integration ?? '',
        ask: () => {
          const { limits, cost, leaseTokens } = charge
          const decision =
            leaseTokens > 0 ? decideOnLease(limits, cost, leaseTokens) : decide(limits, cost, cost)
          return decision instanceof Promise ? decision.then(decided) : decided(decision)
        },
        discard: (late) => late.outcome === 'decided' && late.release?.(),
        fallback: () => {
          if (charge.onStoreFailure === 'refuse') return { outcome: 'refused' }
          if (charge.onStoreFailure === 'allow') return { outcome: 'unlimited' }
          return decideLocally({ limits: shares(charge.limits), cost: charge.cost })
        },
      }),
    useNonce: (owner, nonce, ttlMs, ifLate) => {
      const name = nonceKey(owner, nonce)
      return guard.ask<NonceResult>({
        slotKey: name,
        ask: async () => {
          const answer = await redis.set(name, '', 'PX', Math.ceil(ttlMs), 'NX')
          return answer === 'OK' ? 'fresh' : 'seen'
        },
        fallback: () => 'unavailable',
        discard: (late) => {
          if (ifLate === 'unused' && late === 'fresh') redis.del(name).catch(() => undefined)
        },
      })
    },
    takeKey: redisKeys(redis, guard),
    answers: redisAnswers(redis, guard, 'nodes' in location),
    close: () => {
      guard.close()
      redis.disconnect()
    },
  }
}

function nonceKey(owner: string, nonce: string): string {
  return `magegate:nonce:${JSON.stringify([owner, nonce])}`
}

function decided({ granted, states, release }: SharedDecision): LimitDecision {
  return { outcome: 'decided', isAllowed: granted > 0, states, release }
}
