import { performance } from 'node:perf_hooks'
import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises'
import { maxSubjectLength } from '../contract/subjects.ts'
import type { RequestContext } from '../request-context.ts'
import type { AuditRecord, BuildRecord } from './audit-record.ts'
import type { Metrics } from './metrics.ts'
import type { AuditLog } from './trail/audit-log.ts'

/** Ends an answer. It may be sent if the record is written or is not demanded; otherwise `mayAnswer` is false. */
export type EndAnswer = (mayAnswer: boolean) => void

/** Records requests that are over. */
export interface Recorder {
  /** Records a request, unless {@link whenRecorded} has done so; its record is written soon. */
  readonly record: (request: RequestContext, build: BuildRecord) => void
  /**
   * Calls back when an answer may end: for a read at once, for a write when its record is written. The
   * request is over for the record then, so that its outcome must be known.
   */
  readonly whenRecorded: (request: RequestContext, build: BuildRecord, end: EndAnswer) => void
  /** Records the end of a job or call-back; resolves when the record is written, or cannot be. */
  readonly recordEnd: (record: AuditRecord) => Promise<void>
  /** Updates the metrics with all requests recorded so far. */
  readonly count: () => void
  /** Whether the trail has failed to write a batch within the deadline. */
  readonly isStalled: () => boolean
  /** How many requests are over and have no written record yet. */
  readonly waiting: () => number
  /** Resolves when everything recorded so far is written, or given up. */
  readonly written: () => Promise<void>
  /** How long the trail has been busy with its current batch, milliseconds; 0 when it has none. */
  readonly lagMs: () => number
  /** Writes everything recorded so far; resolves when it is written, or the trail has stalled. */
  readonly flush: () => Promise<void>
}

/** How records are written. */
export interface RecorderSettings {
  /** Whether a write whose record cannot be written must not be answered. */
  readonly isRecordDemanded: boolean
  /** Longest that the answer to a write waits for its record, milliseconds. */
  readonly deadlineMs: number
}

/**
 * How long records of reads are collected. No answer waits for them, and making and writing many in a row takes a
 * third of the time that they take one by one.
 */
const collectReadsMs = 5
/** How many records wait for a trail that has stalled; beyond that they are only counted. */
const maxWaiting = 10_000
/** How long these may be in all, in characters: one with bodies or the SKUs of a bulk can have a megabyte. */
const maxWaitingLength = 67_108_864

/** A request that is over, whose record has not been built yet. */
interface Ended {
  readonly request: RequestContext
  readonly build: BuildRecord
  /** The answer that waits for the record; undefined for a read. */
  readonly end: EndAnswer | undefined
}

/** A record that is to be written, and the answer or job that waits for that. */
interface Waiting {
  readonly record: AuditRecord
  end: EndAnswer | undefined
}

/**
 * Records requests in batches: at the end of the turn of the event loop if the answer to a write waits, and
 * otherwise after a few milliseconds. Another thread does the writing, one batch at a time, so that a slow disk
 * delays no read, and a write no longer than the deadline.
 *
 * A request moves from `ended` to `collected`, when its record is built, and to `underWay`, when its batch is
 * being written.
 * @param onStall told when the trail has not written a batch within the deadline
 */
export function openRecorder(
  auditLog: AuditLog,
  metrics: Pick<Metrics, 'observe'>,
  { isRecordDemanded, deadlineMs }: RecorderSettings,
  onStall: () => void,
): Recorder {
  let ended: Ended[] = []
  let collected: Waiting[] = []
  let collectedLength = 0
  let underWay: Waiting[] = []
  // Whether the requests in `ended` will be collected at the end of this turn.
  let isTurnCollected = false
  let isStalled = false
  let writing: Promise<void> | undefined
  let collecting: NodeJS.Timeout | undefined
  // How many batches have been begun and finished.
  let begun = 0
  let finished = 0
  // When the last batch was begun; milliseconds of `performance.now()`.
  let begunAt = Number.NEGATIVE_INFINITY
  const deadline = setTimeout(onDeadline, deadlineMs).unref()

  function take(request: RequestContext, build: BuildRecord, end: EndAnswer | undefined): void {
    request.isRecorded = true
    request.endedAt = performance.now()
    ended.push({ request, build, end })
    if (end === undefined) collecting ??= setTimeout(collectAndBegin, collectReadsMs)
    else if (!isTurnCollected) {
      isTurnCollected = true
      setImmediate(collectAndBegin)
    }
  }

  function collectAndBegin(): void {
    collect()
    begin()
  }

  function collect(): void {
    const over = ended
    ended = []
    isTurnCollected = false
    const records = over.map(({ request, build }) => build(request))
    for (const [index, { request, end }] of over.entries()) {
      const record = records[index] as AuditRecord
      metrics.observe(record, request)
      collectOne(record, end)
    }
  }

  function collectOne(record: AuditRecord, end: EndAnswer | undefined): void {
    const length = lengthOf(record)
    // A trail that works gets every record, however long.
    const isLong = isStalled && collectedLength + length > maxWaitingLength
    const isRoom = collected.length < maxWaiting && !isLong
    if (isRoom) {
      collected.push({ record, end: isStalled ? undefined : end })
      collectedLength += length
    } else auditLog.miss(1)
    if (isStalled || !isRoom) end?.(!isRecordDemanded)
  }

  /** Begins the next batch at once if an answer waits for it, and otherwise when reads have been collected. */
  function beginInTime(): void {
    if (collected.some(({ end }) => end !== undefined)) begin()
    else if (collected.length + ended.length > 0) {
      collecting ??= setTimeout(collectAndBegin, collectReadsMs)
    }
  }

  function begin(): void {
    clearTimeout(collecting)
    collecting = undefined
    if (collected.length === 0 || writing !== undefined) return
    underWay = collected
    collected = []
    collectedLength = 0
    begunAt = performance.now()
    begun += 1
    deadline.refresh()
    writing = auditLog.write(underWay.map(({ record }) => record)).then(finish)
  }

  function finish(written: number): void {
    const batch = underWay
    underWay = []
    writing = undefined
    isStalled = false
    finished += 1
    for (const [index, { end }] of batch.entries()) end?.(index < written || !isRecordDemanded)
    beginInTime()
  }

  /**
   * After a process has been busy or suspended, Node calls timers before it learns what has been written meanwhile. So
   * that is looked at first.
   */
  function onDeadline(): void {
    const late = begun
    setImmediate(() => {
      if (begun === late && underWay.length > 0) stall()
    })
  }

  function stall(): void {
    isStalled = true
    onStall()
    for (const each of [...underWay, ...collected]) {
      each.end?.(!isRecordDemanded)
      each.end = undefined
    }
  }

  return {
    record: (request, build) => {
      if (request.isRecorded) return
      take(request, build, undefined)
      // What is still carried out for it goes on changing it.
      if (request.hasCallerLeft) collect()
    },
    whenRecorded: (request, build, end) => {
      if (request.isRecorded || isRead(request)) end(true)
      else take(request, build, end)
    },
    recordEnd: (record) =>
      new Promise((resolve) => {
        collectOne(record, () => resolve())
        beginInTime()
      }),
    count: collect,
    isStalled: () => isStalled,
    waiting: () => ended.length + collected.length + underWay.length,
    written: async () => {
      collectAndBegin()
      // What is not under way by now will be in the next batch.
      const last = collected.length > 0 ? begun + 1 : begun
      for (; finished < last; collectAndBegin()) await writing
    },
    lagMs: () => (underWay.length === 0 ? 0 : performance.now() - begunAt),
    flush: async () => {
      for (collectAndBegin(); writing !== undefined && !isStalled; collectAndBegin()) {
        await Promise.race([writing, delay(deadlineMs, undefined, { ref: false })])
        // Then it is known whether the trail has stalled.
        await nextTurn()
      }
    },
  }
}

/** Whether a request asks for no change, by its method (RFC 9110, section 9.2.1). */
function isRead({ method }: RequestContext): boolean {
  return method === 'GET' || method === 'HEAD'
}

/** About how long a record is: its texts and lists that can be long, in characters. */
function lengthOf({
  path = '',
  query = '',
  signature,
  requestBody = '',
  answerBody = '',
  skus = [],
  productIds = [],
  orderIds = [],
  jobIds = [],
}: AuditRecord): number {
  const texts = path.length + query.length + (signature?.computed?.length ?? 0)
  const bodies = requestBody.length + answerBody.length
  const named = skus.length + productIds.length + orderIds.length + jobIds.length
  return texts + bodies + named * maxSubjectLength
}
