import type { Logger } from 'pino'
import type { AnswerStore } from '../contract/answer-store.ts'
import type { IdempotencyStore } from '../contract/idempotency.ts'
import type { Charge, Limit, LimitDecision } from '../contract/limit.ts'
import { onceFor } from '../contract/once-for.ts'
import type { NonceResult } from '../policy.ts'
import type { StoreMetrics } from '../record/metrics/store-metrics.ts'
import { memoryAnswers } from './answers/memory-answers.ts'
import { type RedisAnswers, redisAnswers } from './answers/redis-answers.ts'
import { guardClient } from './guard-client.ts'
import { memoryKeys } from './idempotency/memory-keys.ts'
import { type RedisKeys, redisKeys } from './idempotency/redis-keys.ts'
import { type LimitClocks, memoryLimits } from './limits/memory-limits.ts'
import { redisLimits, type SharedDecision } from './limits/redis-limits.ts'
import { shareOf } from './limits/share-of.ts'
import { tokenLeases } from './limits/token-leases.ts'
import { memoryNonces } from './memory-nonces.ts'
import { openRedisClient, type RedisLocation } from './redis-client.ts'

/** What processes share. */
export interface Store {
  /** Decides on a request by its limits; never waits longer than the deadline. */
  readonly decide: (charge: Charge) => LimitDecision | Promise<LimitDecision>
  /**
   * Uses a nonce, once among all processes; `unavailable` while Redis is away, because no process
   * knows by itself what the others have seen.
   * @param ttlMs how long it must be remembered, milliseconds
   */
  readonly useNonce: (nonce: string, ttlMs: number) => NonceResult | Promise<NonceResult>
  /** Keys of requests that are carried out once; none is taken while Redis is away. */
  readonly idempotencyKeys: IdempotencyStore
  /** Answers that can be given again; while Redis is away nothing is found and nothing is kept. */
  readonly answers: AnswerStore
  readonly close: () => void
}

/** How the store is reached, and what holds while it cannot be. */
export interface StoreSettings {
  /** Absent: everything lives in this process. */
  readonly redis?: RedisLocation | undefined
  /** Most that a request waits for Redis, milliseconds. */
  readonly deadlineMs: number
  /** Share of a limit that this process grants by itself while Redis is away, above 0 to 1. */
  readonly localShare: number
  /** What answers may take of this process' memory, where there is no Redis. */
  readonly answerBytes: number
  /** Longest that a request can run at present, milliseconds. */
  readonly requestMs: () => number
}

/** By so much a timer can be late; what waits for a deadline must not wait longer than it says. */
const timerSlackMs = 5

/** Nonces of five minutes, and up to three that they are kept beyond, at 3,000 requests a second; about 220 MiB when full. */
const maxNonces = 1_500_000

/** What keys and their answers may take of this process' memory. */
const maxKeyBytes = 67_108_864

/**
 * Opens the store: Redis where there is one, and this process' memory where there is none or while
 * it is away. Waits for the first attempt to reach Redis; that it fails is no error.
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
      idempotencyKeys: memoryKeys(maxKeyBytes, clocks.monotonic),
      answers: memoryAnswers(settings.answerBytes, clocks.wall),
      close: () => undefined,
    }
  }

  const deadlineMs = Math.max(1, settings.deadlineMs - timerSlackMs)
  const redis = openRedisClient(settings.redis, deadlineMs)
  const shared = redisLimits(redis, settings.requestMs, clocks.wall)
  let answers: RedisAnswers | undefined
  let keys: RedisKeys | undefined
  const settle = () => {
    shared.settle()
    answers?.settle()
    keys?.settle()
  }
  const guard = await guardClient(redis, settle, deadlineMs, log, undefined, metrics)
  metrics.watch(guard.isAway)
  answers = redisAnswers(redis, guard, 'nodes' in settings.redis)
  keys = redisKeys(redis, guard)

  const decideOnLease = tokenLeases(shared.decide, clocks.monotonic)
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
            leaseTokens > 0
              ? decideOnLease(limits, cost, leaseTokens)
              : shared.decide(limits, cost, cost)
          return decision instanceof Promise ? decision.then(decided) : decided(decision)
        },
        discard: (late) => late.outcome === 'decided' && late.release?.(),
        fallback: () => {
          if (charge.onStoreFailure === 'refuse') return { outcome: 'refused' }
          if (charge.onStoreFailure === 'allow') return { outcome: 'unlimited' }
          return local.decide({ limits: shares(charge.limits), cost: charge.cost })
        },
      }),
    useNonce: (nonce, ttlMs) =>
      guard.ask<NonceResult>({
        slotKey: nonceKey(nonce),
        ask: async () => {
          const answer = await redis.set(nonceKey(nonce), '', 'PX', Math.ceil(ttlMs), 'NX')
          return answer === 'OK' ? 'fresh' : 'seen'
        },
        fallback: () => 'unavailable',
      }),
    idempotencyKeys: keys,
    answers,
    close: () => {
      guard.close()
      redis.disconnect()
    },
  }
}

function nonceKey(nonce: string): string {
  return `magegate:nonce:${nonce}`
}

function decided({ granted, states, release }: SharedDecision): LimitDecision {
  return { outcome: 'decided', isAllowed: granted > 0, states, release }
}
