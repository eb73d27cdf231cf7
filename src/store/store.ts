import type { Logger } from 'pino'
import type { AnswerStore } from '../contract/answer-store.ts'
import type { TakeKey } from '../contract/idempotency.ts'
import type { Charge, Limit, LimitDecision } from '../contract/limit.ts'
import { onceFor } from '../contract/once-for.ts'
import type { NonceResult } from '../policy.ts'
import type { StoreMetrics } from '../record/metrics/store-metrics.ts'
import { memoryAnswers } from './answers/memory-answers.ts'
import { redisAnswers } from './answers/redis-answers.ts'
import { guardClient } from './guard-client.ts'
import { memoryKeys } from './idempotency/memory-keys.ts'
import { redisKeys } from './idempotency/redis-keys.ts'
import { type LimitClocks, memoryLimits } from './limits/memory-limits.ts'
import { redisLimits, type SharedDecision } from './limits/redis-limits.ts'
import { shareOf } from './limits/share-of.ts'
import { tokenLeases } from './limits/token-leases.ts'
import { memoryNonces } from './memory-nonces.ts'
import { openRedisClient, type RedisLocation } from './redis-client.ts'
import { prepareEvictionWarning } from './warn-of-eviction.ts'

/** State that requests share, in this process or among all processes. */
export interface Store {
  /** Decides on a request by its limits; never waits longer than the deadline. */
  readonly decide: (charge: Charge) => LimitDecision | Promise<LimitDecision>
  /**
   * Marks a nonce of an owner as used; across all processes it is `fresh` exactly once. While Redis is away the result
   * is `unavailable`, because no process knows what the others have seen.
   * @param ttlMs how long it must be remembered, milliseconds
   */
  readonly useNonce: (
    owner: string,
    nonce: string,
    ttlMs: number,
  ) => NonceResult | Promise<NonceResult>
  /** Takes an Idempotency-Key; none can be taken while Redis is away. */
  readonly takeKey: TakeKey
  /** Cached answers; while Redis is away none is found and none is kept. */
  readonly answers: AnswerStore
  readonly close: () => void
}

/** Where the store is, and what applies while it cannot be reached. */
export interface StoreSettings {
  /** Absent if everything is kept in this process. */
  readonly redis?: RedisLocation | undefined
  /** Longest that a request waits for each answer of Redis, milliseconds. */
  readonly deadlineMs: number
  /** Share of each limit that this process grants while Redis is away; above 0 and at most 1. */
  readonly localShare: number
  /** How much memory cached answers may take if there is no Redis. */
  readonly answerBytes: number
  /** Longest that a request can run at present, milliseconds. */
  readonly requestMs: () => number
}

/** How late a timer can be. Deadlines are shortened by it, so that nobody waits longer than the deadline says. */
const timerSlackMs = 5

/** Nonces of five minutes, and up to three that they are kept beyond, at 3,000 requests a second; about 230 MiB when full. */
const maxNonces = 1_500_000

/** How much memory idempotency keys and their answers may take. */
const maxKeyBytes = 67_108_864

/**
 * Opens the store: in Redis if there is one, otherwise in the memory of this process, which also stands in for some of
 * it while Redis is away. Resolves after the first attempt to reach Redis, even if that fails.
 */
export async function openStore(
  settings: StoreSettings,
  clocks: LimitClocks,
  log: Logger,
  metrics: StoreMetrics,
): Promise<Store> {
  const local = memoryLimits(clocks)
  if (settings.redis === undefined) {
    const nonces = memoryNonces(maxNonces, clocks.monotonic)
    return {
      decide: local.decide,
      useNonce: nonces.use,
      takeKey: memoryKeys(maxKeyBytes, clocks.monotonic),
      answers: memoryAnswers(settings.answerBytes, clocks.monotonic),
      close: () => undefined,
    }
  }

  const deadlineMs = Math.max(1, settings.deadlineMs - timerSlackMs)
  const redis = openRedisClient(settings.redis, deadlineMs)
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
          return local.decide({ limits: shares(charge.limits), cost: charge.cost })
        },
      }),
    useNonce: (owner, nonce, ttlMs) =>
      guard.ask<NonceResult>({
        slotKey: nonceKey(owner, nonce),
        ask: async () => {
          const answer = await redis.set(nonceKey(owner, nonce), '', 'PX', Math.ceil(ttlMs), 'NX')
          return answer === 'OK' ? 'fresh' : 'seen'
        },
        fallback: () => 'unavailable',
      }),
    takeKey: redisKeys(redis, guard),
    answers: redisAnswers(redis, guard, 'nodes' in settings.redis),
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
