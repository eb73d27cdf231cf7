import type { Logger } from 'pino'
import type { LimitDecision, NonceResult, RateLimit } from '../policy.ts'
import type { Secret } from '../secret.ts'
import { memoryBuckets } from './memory-buckets.ts'
import { memoryNonces } from './memory-nonces.ts'
import { connectRedis } from './redis.ts'

/** What processes share. */
export interface Store {
  /** Takes one request out of the bucket of a key; never waits longer than the deadline. */
  readonly take: (key: string, limit: RateLimit) => LimitDecision | Promise<LimitDecision>
  /**
   * Uses a nonce, once among all processes; `unavailable` while Redis is away, because no process
   * knows by itself what the others have seen.
   * @param ttlMs how long it must be remembered, milliseconds
   */
  readonly useNonce: (nonce: string, ttlMs: number) => NonceResult | Promise<NonceResult>
  readonly close: () => void
}

/** How the store is reached, and what holds while it cannot be. */
export interface StoreSettings {
  /** Absent: everything lives in this process. */
  readonly redis?: Secret
  /** Most that a request waits for Redis, milliseconds. */
  readonly deadlineMs: number
  /** Share of a limit that this process grants by itself while Redis is away, above 0 to 1. */
  readonly localShare: number
}

/** Buckets of integrations; more of them than any gateway has integrations. */
const maxBuckets = 1_000_000

/** Nonces of five minutes at 3,000 requests a second; about 150 MiB when full. */
const maxNonces = 1_000_000

/** While Redis is away, one request in this time finds out whether it is back. */
const probeEveryMs = 500

/**
 * Opens the store: Redis where there is one, and this process' memory where there is none or while
 * it is away. Waits for the first attempt to reach Redis; that it fails is no error.
 * @param clock milliseconds, never going back
 */
export async function openStore(
  settings: StoreSettings,
  clock: () => number,
  log: Logger,
): Promise<Store> {
  const local = memoryBuckets(maxBuckets, clock)
  if (settings.redis === undefined) {
    const nonces = memoryNonces(maxNonces, clock)
    return { take: local.take, useNonce: nonces.use, close: () => undefined }
  }

  // Undefined while Redis answers; else when the next request may try it.
  let probeAtMs: number | undefined
  let isClosed = false
  const onLost = (errorCode: string) => {
    if (probeAtMs === undefined && !isClosed) {
      log.error({ errorCode }, 'redis is away: limits are held by this process alone')
    }
    probeAtMs = clock() + probeEveryMs
  }
  const onReady = () => {
    if (probeAtMs !== undefined) log.info('redis is back: limits are shared again')
    probeAtMs = undefined
  }
  const redis = connectRedis(settings.redis, settings.deadlineMs, { onLost, onReady })
  await redis.tried

  /** What Redis answers, or the fallback when it does not in time. */
  async function orFallback<Answer>(
    ask: () => Promise<Answer>,
    fallback: () => Answer,
  ): Promise<Answer> {
    if (probeAtMs === undefined || clock() >= probeAtMs) {
      if (probeAtMs !== undefined) probeAtMs = clock() + probeEveryMs
      try {
        const answer = await ask()
        onReady()
        return answer
      } catch (error) {
        onLost(error instanceof Error ? error.name : 'UNKNOWN')
      }
    }
    return fallback()
  }

  return {
    close: () => {
      isClosed = true
      redis.close()
    },
    take: (key, limit) =>
      orFallback(
        () => redis.take(key, limit),
        () => local.take(key, shareOf(limit, settings.localShare)),
      ),
    useNonce: (nonce, ttlMs) =>
      orFallback<NonceResult>(
        async () => ((await redis.useNonce(nonce, ttlMs)) ? 'fresh' : 'seen'),
        () => 'unavailable',
      ),
  }
}

function shareOf({ ratePerSecond, burst }: RateLimit, share: number): RateLimit {
  return { ratePerSecond: ratePerSecond * share, burst: Math.max(1, Math.floor(burst * share)) }
}
