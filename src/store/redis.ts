import { readFileSync } from 'node:fs'
import { Redis } from 'ioredis'
import type { LimitDecision, RateLimit } from '../policy.ts'
import type { Secret } from '../secret.ts'

/** What is told of the connection's state; each may be called again and again. */
export interface RedisEvents {
  /** With an error code, never with a text that could hold the address. */
  readonly onLost: (errorCode: string) => void
  readonly onReady: () => void
}

/** What all processes share. */
export interface RedisStore {
  /**
   * Takes one request out of the bucket of a key, in one round trip.
   * @throws {Error} rejects when Redis is away or does not answer within the deadline
   */
  readonly take: (key: string, limit: RateLimit) => Promise<LimitDecision>
  /**
   * Uses a nonce; true the first time within its life.
   * @param ttlMs how long it is remembered, milliseconds
   * @throws {Error} as `take`
   */
  readonly useNonce: (nonce: string, ttlMs: number) => Promise<boolean>
  /** Resolves when the first attempt to connect has succeeded or failed. */
  readonly tried: Promise<void>
  readonly close: () => void
}

interface Connection extends Redis {
  takeFromBucket(
    key: string,
    intervalUs: number,
    capacityUs: number,
  ): Promise<[isAllowed: number, remaining: number, retryAfterUs: number]>
}

/**
 * Connects to Redis in a way that lets no command wait longer than the deadline: none is queued
 * while there is no connection, none is sent twice, and one that is not answered in time fails.
 * Reconnects for ever; that Redis is away at start is no error.
 */
export function connectRedis(url: Secret, deadlineMs: number, events: RedisEvents): RedisStore {
  const redis = new Redis(url.reveal(), {
    commandTimeout: deadlineMs,
    connectTimeout: 1_000,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    retryStrategy: (attempt) => Math.min(50 * attempt, 1_000),
    scripts: {
      takeFromBucket: {
        numberOfKeys: 1,
        lua: readFileSync(new URL('take-from-bucket.lua', import.meta.url), 'utf8'),
      },
    },
  }) as Connection
  // Without a listener ioredis prints errors to the console, address included.
  redis.on('error', (error: NodeJS.ErrnoException) => events.onLost(error.code ?? error.name))
  redis.on('close', () => events.onLost('CLOSED'))
  redis.on('ready', events.onReady)
  const tried = new Promise<void>((resolve) => {
    redis.once('ready', resolve)
    redis.once('close', resolve)
  })
  return {
    tried,
    take: async (key, { ratePerSecond, burst }) => {
      const intervalUs = Math.max(1, Math.round(1_000_000 / ratePerSecond))
      const [isAllowed, remaining, retryAfterUs] = await redis.takeFromBucket(
        // The braces keep all keys of one integration in one slot of Redis Cluster.
        `magegate:rate:{${key}}`,
        intervalUs,
        intervalUs * burst,
      )
      return { isAllowed: isAllowed === 1, remaining, retryAfterMs: retryAfterUs / 1000 }
    },
    useNonce: async (nonce, ttlMs) => {
      const answer = await redis.set(`magegate:nonce:${nonce}`, '', 'PX', Math.ceil(ttlMs), 'NX')
      return answer === 'OK'
    },
    close: () => redis.disconnect(),
  }
}
