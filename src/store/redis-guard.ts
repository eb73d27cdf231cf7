import type { Logger } from 'pino'
import type { StoreMetrics } from '../record/metrics/store-metrics.ts'

/** How often it is tried whether Redis is back. */
const probeEveryMs = 250

/** What Redis calls a write to a replica. */
const readOnly = 'READONLY'

/** A question to Redis. */
export interface Question<Answer> {
  /** What decides on the slot of Redis Cluster that is asked: a hash tag, or a whole key. */
  readonly slotKey: string
  readonly ask: () => Answer | Promise<Answer>
  readonly fallback: () => Answer
  /** Undoes what an answer says that has come too late. */
  readonly discard?: (answer: Answer) => void
}

/** Asks Redis as long as it answers. */
export interface RedisGuard {
  /** What Redis answers, or the fallback: at once while it is away, else when it fails to answer in time. */
  readonly ask: <Answer>(question: Question<Answer>) => Answer | Promise<Answer>
  readonly isAway: () => boolean
  /** Notes that Redis was lost, by a code that says nothing of where it is. */
  readonly lost: (errorCode: string) => void
  readonly close: () => void
}

/** What a guard does about Redis. */
export interface RedisActions {
  /**
   * A write, since a Redis that can only be read is of no use; rejects when it fails.
   * @param slotKey of the question that failed: the other slots of a cluster may well be there
   */
  readonly probe: (slotKey: string) => Promise<unknown>
  /** Looks for the primary anew, after what was one has become a replica. */
  readonly reconnect: () => void
  /** Called when Redis is there again. */
  readonly onBack: () => void
}

/**
 * Keeps requests from waiting for a Redis that is away: what fails once is not asked again before a
 * probe of ours has succeeded. Each change is logged once.
 * @param deadlineMs most that an answer is waited for, whatever the client still tries
 * @param shared what the processes share in it, for the log
 */
export function guardRedis(
  { probe, reconnect, onBack }: RedisActions,
  deadlineMs: number,
  log: Logger,
  shared = 'limits and nonces',
  metrics?: Pick<StoreMetrics, 'lost' | 'fellBack'>,
): RedisGuard {
  let timer: NodeJS.Timeout | undefined
  let isClosed = false
  let isProbing = false
  let failedKey = ''

  function lost(errorCode: string, slotKey = ''): void {
    if (timer !== undefined || isClosed) return
    failedKey = slotKey
    metrics?.lost()
    log.error({ errorCode }, `redis is away: ${shared} are not shared`)
    timer = setInterval(tryAgain, probeEveryMs).unref()
    if (errorCode === readOnly) reconnect()
  }

  function tryAgain(): void {
    if (isProbing) return
    isProbing = true
    probe(failedKey)
      .then(back, (error: unknown) => {
        if (codeOf(error) === readOnly && !isClosed) reconnect()
      })
      .finally(() => {
        isProbing = false
      })
  }

  function back(): void {
    if (timer === undefined || isClosed) return
    clearInterval(timer)
    timer = undefined
    onBack()
    log.info(`redis is back: ${shared} are shared again`)
  }

  function withoutRedis<Answer>(fallback: () => Answer): Answer {
    metrics?.fellBack()
    return fallback()
  }

  return {
    ask: ({ slotKey, ask, fallback, discard }) => {
      if (timer !== undefined) return withoutRedis(fallback)
      const answer = ask()
      if (!(answer instanceof Promise)) return answer
      return inTime(answer, deadlineMs, discard).catch((error: unknown) => {
        lost(codeOf(error), slotKey)
        return withoutRedis(fallback)
      })
    },
    isAway: () => timer !== undefined,
    lost,
    close: () => {
      isClosed = true
      clearInterval(timer)
    },
  }
}

/** The answer, or an error once the deadline has passed. */
function inTime<Answer>(
  answer: Promise<Answer>,
  deadlineMs: number,
  discard: ((answer: Answer) => void) | undefined,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    let isLate = false
    const deadline = setTimeout(() => {
      isLate = true
      reject(new Error('TIMEOUT of the gateway'))
    }, deadlineMs)
    answer
      .then((value) => (isLate ? discard?.(value) : resolve(value)), reject)
      .finally(() => clearTimeout(deadline))
  })
}

/** The code of an error of Redis or of the system; never its text, which can hold the address. */
export function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'UNKNOWN'
  if ('code' in error && typeof error.code === 'string') return error.code
  // Redis begins its errors with a code: READONLY, CLUSTERDOWN, OOM …
  return /^[A-Z]{3,}(?= )/.exec(error.message)?.[0] ?? error.name
}
