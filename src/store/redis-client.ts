import { Cluster, type ClusterNode, Redis, type RedisOptions } from 'ioredis'
import type { Secret } from '../contract/secret.ts'
import { timeoutAfterReading } from '../contract/timeout-after-reading.ts'
import { type AnswerCommands, tagScripts } from './answers/redis-answers.ts'
import { type EntryCommands, entryScripts } from './entries/redis-entry-records.ts'
import { type KeyCommands, settleKeyScript } from './idempotency/redis-keys.ts'
import { type JobCommands, jobScripts } from './jobs/redis-job-store.ts'
import { decideLimitsScript, type LimitCommands } from './limits/redis-limits.ts'
import { connectionEnded } from './redis-guard.ts'

/** Where Redis is: a single server, a primary watched by sentinels, or a cluster. */
export type RedisLocation =
  | {
      readonly url: Secret
      /** Only for a `rediss:` URL. */
      readonly tls?: RedisTls | undefined
    }
  | {
      /** The name by which the sentinels know the primary. */
      readonly primary: string
      /** `host:port` of each sentinel. */
      readonly sentinels: readonly string[]
      readonly sentinelAccess: RedisAccess
      readonly access: RedisAccess
    }
  | {
      /** `host:port` of some nodes, from which the others are found. */
      readonly nodes: readonly string[]
      readonly access: RedisAccess
    }

/** Credentials for sentinels, or for the servers behind them or of a cluster. */
export interface RedisAccess {
  readonly username?: string | undefined
  readonly password?: Secret | undefined
  /** Absent without TLS. */
  readonly tls?: RedisTls | undefined
}

/** What a TLS connection to Redis needs, in PEM. */
export interface RedisTls {
  /** The authorities that may sign its certificate; those of the system if left out. */
  readonly ca?: Buffer
  /** The certificate that the gateway shows, and its key. */
  readonly cert?: Buffer
  readonly key?: Buffer
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
  ...tagScripts,
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
  // Whoever asks waits for the deadline by itself; the end of a broken connection ends what it leaves.
  const silentMs = deadlineMs + brokenAfterMs
  const redis = connectTo(location, silentMs)
  const prepareConnection = (node: Redis) => {
    outliveTlsErrors(node)
    readBeforeClosing(node, silentMs)
  }
  if (redis instanceof Cluster) {
    for (const prepare of [prepareConnection, outliveFailedAsking, sendNothingAgain]) {
      redis.on('+node', prepare)
    }
  } else prepareConnection(redis)
  leaveRefusedDatabase(redis)
  return redis as RedisClient
}

/**
 * Closes a connection on which Redis has refused the database that the URL names, and connects again. Without this
 * ioredis would continue in database 0, which belongs to somebody else.
 */
export function leaveRefusedDatabase(redis: Redis | Cluster): void {
  redis.on('error', (error: Error & { command?: { name?: string } }) => {
    if (error.command?.name === 'select') redis.disconnect(true)
  })
}

/**
 * Keeps the process alive when a connection over TLS fails after its handshake, as where Redis misses a certificate of
 * the client: Node emits an error for the alert, and another one when the connection is then reset. ioredis listens to
 * the first one only, and an error that nobody listens to ends the process.
 */
export function outliveTlsErrors(redis: Redis): void {
  // The alert comes later than this event.
  redis.on('connect', () => redis.stream.on('error', () => undefined))
}

/**
 * Has a connection on which nothing arrives closed only once what has arrived by then has been read. ioredis closes it as
 * soon as the time is over, and Node calls timers before it reads from sockets: each time that the process was suspended
 * for so long, the connection would be lost, and with it the answers that had arrived.
 */
function readBeforeClosing(redis: Redis, silentMs: number): void {
  const inner = redis as unknown as SilenceTimer
  inner.setSocketTimeout = () => {
    const { stream } = redis
    let hasArrived = false
    const close = () => {
      if (!hasArrived) stream.destroy(new Error('Socket timeout'))
    }
    const timer = timeoutAfterReading(close, silentMs)
    inner.socketTimeoutTimer = timer
    // This comes after ioredis has taken the answers from its queue.
    stream.once('data', () => {
      hasArrived = true
      clearTimeout(timer)
      inner.socketTimeoutTimer = undefined
      if (inner.commandQueue.length > 0) inner.setSocketTimeout()
    })
  }
}

/** How ioredis watches for a connection on which nothing arrives while commands wait for answers. */
interface SilenceTimer {
  setSocketTimeout: () => void
  /** Set while it watches; cleared when the connection ends. */
  socketTimeoutTimer: NodeJS.Timeout | undefined
  readonly commandQueue: { readonly length: number }
}

/**
 * Keeps the process alive when a node of a cluster does not take `ASKING`, as where the user has no right to it, or where
 * the connection ends. While a slot moves, ioredis sends it before the command, and does not look at what becomes of it.
 * The command then fails too.
 */
function outliveFailedAsking(node: Redis): void {
  const { asking } = node
  node.asking = (...args) => {
    const asked = asking.apply(node, args)
    asked.catch(() => undefined)
    return asked
  }
}

/**
 * Has whatever a node of a cluster has not answered when its connection ends fail. ioredis would send it to a node again
 * (retryDelayOnFailover), and that the first one was carried out would look as if somebody else had asked for it: a key
 * would be taken, or a nonce used. What was not sent yet is still sent to a node that is there.
 */
function sendNothingAgain(node: Redis): void {
  const inner = node as unknown as { flushQueue: FlushQueue }
  const flush = inner.flushQueue.bind(node)
  inner.flushQueue = (error, options) => {
    const unanswered = Object.assign(new Error('no answer'), { code: connectionEnded })
    flush(unanswered, { ...options, offlineQueue: false })
    flush(error, options)
  }
}

/** Gives up commands of a node: those that were not sent yet (`offlineQueue`), those that were (`commandQueue`), or both. */
type FlushQueue = (
  error: Error,
  options?: { readonly offlineQueue?: boolean; readonly commandQueue?: boolean },
) => void

function connectTo(location: RedisLocation, silentMs: number): Redis | Cluster {
  const pause = (attempt: number) => Math.min(50 * attempt, maxPauseMs)
  const options = {
    connectTimeout: 1_000,
    socketTimeout: silentMs,
    enableOfflineQueue: false,
    // It waits while Redis loads its data, needs INFO, which may be forbidden, and warns on the console of that.
    enableReadyCheck: false,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    retryStrategy: pause,
  } satisfies RedisOptions
  if ('url' in location) {
    const { url, tls } = location
    return new Redis(url.reveal(), { ...options, ...(tls && { tls }), scripts })
  }
  const { username, password, tls } = location.access
  const access = {
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password: password.reveal() }),
    ...(tls && { tls }),
  }
  if ('sentinels' in location) {
    const { sentinelAccess: own } = location
    return new Redis({
      ...options,
      ...access,
      name: location.primary,
      sentinels: location.sentinels.map(addressOf),
      ...(own.username !== undefined && { sentinelUsername: own.username }),
      ...(own.password !== undefined && { sentinelPassword: own.password.reveal() }),
      ...(own.tls && { sentinelTLS: own.tls }),
      // Without this ioredis connects to the primary without TLS, and then waits for a handshake.
      enableTLSForSentinelMode: tls !== undefined,
      sentinelRetryStrategy: pause,
      sentinelCommandTimeout: 500,
      scripts,
    })
  }
  return new Cluster(location.nodes.map(addressOf), {
    redisOptions: { ...options, ...access },
    // A name is left as it is: a certificate rarely names the address that it stands for.
    dnsLookup: (name, found) => found(null, name),
    enableOfflineQueue: false,
    clusterRetryStrategy: pause,
    slotsRefreshTimeout: 1_000,
    slotsRefreshInterval: 1_000,
    retryDelayOnFailover: 20,
    retryDelayOnClusterDown: 20,
    // Of the limits of an integration, some have a key and some have none. While their slot moves, which takes a moment,
    // neither node decides on both.
    retryDelayOnTryAgain: 20,
    scripts,
  })
}

function addressOf(text: string): ClusterNode & { host: string; port: number } {
  const colon = text.lastIndexOf(':')
  // An IPv6 address is written in brackets, which are not part of it.
  const host = text.slice(0, colon).replace(/^\[(.*)\]$/, '$1')
  return { host, port: Number(text.slice(colon + 1)) }
}
