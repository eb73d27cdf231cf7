import { Cluster, type ClusterNode, Redis, type RedisOptions } from 'ioredis'
import type { Secret } from '../contract/secret.ts'
import { type AnswerCommands, dropTagScript } from './answers/redis-answers.ts'
import { type EntryCommands, entryScripts } from './entries/redis-entry-records.ts'
import { type KeyCommands, settleKeyScript } from './idempotency/redis-keys.ts'
import { type JobCommands, jobScripts } from './jobs/redis-job-store.ts'
import { decideLimitsScript, type LimitCommands } from './limits/redis-limits.ts'

/** Where Redis is: a single server, a primary watched by sentinels, or a cluster. */
export type RedisLocation =
  | { readonly url: Secret }
  | {
      /** The name by which the sentinels know the primary. */
      readonly primary: string
      /** `host:port` of each sentinel. */
      readonly sentinels: readonly string[]
      readonly access: RedisAccess
    }
  | {
      /** `host:port` of some nodes, from which the others are found. */
      readonly nodes: readonly string[]
      readonly access: RedisAccess
    }

/** Credentials for the servers behind sentinels or of a cluster. */
export interface RedisAccess {
  readonly username?: string | undefined
  readonly password?: Secret | undefined
  readonly tls?: boolean | undefined
}

/** Either kind of client, with our scripts as commands. */
export type RedisClient = (Redis | Cluster) &
  LimitCommands &
  EntryCommands &
  JobCommands &
  AnswerCommands &
  KeyCommands

const scripts = {
  ...decideLimitsScript,
  ...entryScripts,
  ...jobScripts,
  ...dropTagScript,
  ...settleKeyScript,
}

/** Longest pause between two attempts to connect, in milliseconds. */
const maxPauseMs = 500

/** How long after the deadline a connection that still gives no answer counts as broken and is replaced, milliseconds. */
const brokenAfterMs = 1_000

/**
 * Connects so that no command waits longer than the deadline: none is queued while there is no connection, none is sent
 * twice, and one that is not answered in time fails. The client never stops trying to reconnect.
 */
export function openRedisClient(location: RedisLocation, deadlineMs: number): RedisClient {
  const pause = (attempt: number) => Math.min(50 * attempt, maxPauseMs)
  // Whoever asks waits for the deadline by itself; this ends what a broken connection leaves.
  const silentMs = deadlineMs + brokenAfterMs
  const options = {
    commandTimeout: silentMs,
    connectTimeout: 1_000,
    socketTimeout: silentMs,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    retryStrategy: pause,
  } satisfies RedisOptions
  if ('url' in location) {
    return new Redis(location.url.reveal(), {
      ...options,
      scripts,
    }) as unknown as RedisClient
  }
  const { username, password, tls } = location.access
  const access = {
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password: password.reveal() }),
    ...(tls && { tls: {} }),
  }
  if ('sentinels' in location) {
    return new Redis({
      ...options,
      ...access,
      name: location.primary,
      sentinels: location.sentinels.map(addressOf),
      sentinelRetryStrategy: pause,
      sentinelCommandTimeout: 500,
      scripts,
    }) as unknown as RedisClient
  }
  return new Cluster(location.nodes.map(addressOf), {
    redisOptions: { ...options, ...access },
    enableOfflineQueue: false,
    clusterRetryStrategy: pause,
    slotsRefreshTimeout: 1_000,
    slotsRefreshInterval: 1_000,
    retryDelayOnFailover: 20,
    retryDelayOnClusterDown: 20,
    scripts,
  }) as unknown as RedisClient
}

function addressOf(text: string): ClusterNode & { host: string; port: number } {
  const colon = text.lastIndexOf(':')
  // An IPv6 address is written in brackets, which are not part of it.
  const host = text.slice(0, colon).replace(/^\[(.*)\]$/, '$1')
  return { host, port: Number(text.slice(colon + 1)) }
}
