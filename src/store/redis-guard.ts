import { performance } from 'node:perf_hooks'
import type { Logger } from 'pino'
import { errorCode } from '../contract/error-code.ts'
import { oneAtATime } from '../contract/one-at-a-time.ts'
import { withinTime } from '../contract/within-time.ts'
import type { StoreMetrics } from '../record/metrics/store-metrics.ts'
import { takeFromBucket } from './gcra.ts'

/** How often a Redis that is away is probed, milliseconds. */
const probeEveryMs = 250

/** How many losses are logged at once, however short: a Redis that is slow now and then is lost several times a second. */
const briefLosses = { ratePerSecond: 1 / 60, burst: 10 }
/** A loss that outlasts so many probes is logged in any case. */
const briefProbes = 3

/** The code for a connection that has ended. */
export const connectionEnded = 'CLOSED'

/** The codes of a server that is no longer the primary: a replica now, or cut off from the replicas that it has to have. */
export const noPrimary: ReadonlySet<string> = new Set(['READONLY', 'NOREPLICAS'])

/** A question to Redis, and what to do without an answer. */
export interface Question<Answer> {
  /** The hash tag or key that determines the slot of a Redis Cluster. */
  readonly slotKey: string
  readonly ask: () => Answer | Promise<Answer>
  readonly fallback: () => Answer
  /** Undoes what an answer has done that comes after the deadline. */
  readonly discard?: (answer: Answer) => void
}

/** Asks Redis only while it answers. */
export interface RedisGuard {
  /** Gives Redis' answer, or the fallback: at once while Redis is away, and otherwise when it does not answer in time. */
  readonly ask: <Answer>(question: Question<Answer>) => Answer | Promise<Answer>
  readonly isAway: () => boolean
  /** Has something done each time that Redis is back. */
  readonly onBack: (act: () => void) => void
  /** Notes that there is no connection to Redis; the code says why, and must not reveal its address. */
  readonly lost: (errorCode: string) => void
  readonly close: () => void
}

/** What a guard does with the client. */
export interface RedisActions {
  /**
   * Writes something, since a Redis that can only be read is of no use; rejects when that fails.
   * @param slotKey that of the question that failed, since other slots of a cluster may well be available
   */
  readonly probe: (slotKey: string) => Promise<unknown>
  /** Looks for the primary again, since the server is not one any more. */
  readonly reconnect: () => void
}

/** How a client is guarded. */
export interface GuardSettings {
  /** Longest wait for an answer, whatever the client still tries; milliseconds. */
  readonly deadlineMs: number
  readonly log: Logger
  /** What the processes share in this Redis, for the log. */
  readonly shared: string
  readonly metrics?: Pick<StoreMetrics, 'lost' | 'fellBack'>
}

/** Redis is away. */
interface Loss {
  /** Of the first error. */
  readonly code: string
  /** What was asked of it then; it is probed there. */
  readonly slotKey: string
  readonly timer: NodeJS.Timeout
  failedProbes: number
  /** Whether it is in the log. */
  isTold: boolean
  /** The codes in the log that say why. */
  readonly causes: Set<string>
}

/**
 * Keeps requests from waiting for a Redis that is away: after one failure it is not asked again until a probe has
 * succeeded. Each change is logged once, and so is each cause that shows only later; but of brief losses, only the first
 * and after that one a minute.
 */
export function guardRedis(
  { probe, reconnect }: RedisActions,
  { deadlineMs, log, shared, metrics }: GuardSettings,
): RedisGuard {
  const actsWhenBack: (() => void)[] = []
  let loss: Loss | undefined
  let isClosed = false
  // When a loss is logged again however short it is, as a bucket that is full then.
  let bucketFullAtMs = 0

  function lost(code: string, slotKey = ''): void {
    if (isClosed || loss !== undefined) return
    const timer = setInterval(tryAgain, probeEveryMs).unref()
    loss = { code, slotKey, timer, failedProbes: 0, isTold: false, causes: new Set() }
    metrics?.lost()
    const { isAllowed, fullAtMs } = takeFromBucket(briefLosses, bucketFullAtMs, performance.now())
    bucketFullAtMs = fullAtMs
    if (isAllowed) tell(loss)
    if (noPrimary.has(code)) reconnect()
  }

  function tell(of: Loss): void {
    if (of.isTold) return
    of.isTold = true
    if (of.code !== connectionEnded) of.causes.add(of.code)
    log.error({ errorCode: of.code }, `redis is away: ${shared} are not shared`)
  }

  /**
   * That a connection has ended does not say why: why there is no new one does. There can be several causes in a row, as
   * where Redis is started again with another password.
   */
  function tellCause(code: string): void {
    if (isClosed || loss === undefined || code === connectionEnded) return
    tell(loss)
    const { causes } = loss
    if (causes.has(code)) return
    // Without a code of its own, an error says less than what is known.
    if (code === 'Error' && causes.size > 0) return
    causes.add(code)
    log.error({ errorCode: code }, 'redis cannot be connected to again')
  }

  const tryAgain = oneAtATime(async () => {
    if (loss === undefined) return
    try {
      await withinTime(probe(loss.slotKey), deadlineMs, timeout)
    } catch (error) {
      if (isClosed) return
      loss.failedProbes += 1
      if (loss.failedProbes > briefProbes) tell(loss)
      if (noPrimary.has(redisErrorCode(error))) reconnect()
      return
    }
    back()
  })

  function back(): void {
    if (loss === undefined || isClosed) return
    const { timer, isTold } = loss
    clearInterval(timer)
    loss = undefined
    for (const act of actsWhenBack) act()
    if (isTold) log.info(`redis is back: ${shared} are shared again`)
  }

  function withoutRedis<Answer>(fallback: () => Answer): Answer {
    metrics?.fellBack()
    return fallback()
  }

  return {
    ask: ({ slotKey, ask, fallback, discard }) => {
      if (loss !== undefined) return withoutRedis(fallback)
      const answer = ask()
      if (!(answer instanceof Promise)) return answer
      return withinTime(answer, deadlineMs, timeout).catch((error: unknown) => {
        lost(redisErrorCode(error), slotKey)
        if (discard !== undefined) answer.then(discard, () => undefined)
        return withoutRedis(fallback)
      })
    },
    isAway: () => loss !== undefined,
    onBack: (act) => actsWhenBack.push(act),
    lost: (code) => {
      tellCause(code)
      lost(code)
    },
    close: () => {
      isClosed = true
      clearInterval(loss?.timer)
    },
  }
}

function timeout(): Error {
  return new Error('TIMEOUT of the gateway')
}

/** The code of an error of Redis or of the system; never its text, which may contain the address. */
export function redisErrorCode(error: unknown): string {
  const code = errorCode(error)
  if (!(error instanceof Error) || code !== error.name) return code
  // What ioredis says of a connection on which Redis answers nothing.
  if (/^(?:Command timed out|Socket timeout)/.test(error.message)) return 'TIMEOUT'
  // Redis begins its errors with a code: READONLY, CLUSTERDOWN, OOM …
  return /^[A-Z]{3,}(?= )/.exec(error.message)?.[0] ?? code
}
