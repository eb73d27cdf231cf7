import { performance } from 'node:perf_hooks'
import { setTimeout as delay } from 'node:timers/promises'
import type { RequestContext } from '../request-context.ts'
import type { AuditLog } from './audit-log.ts'
import type { AuditRecord, BuildRecord } from './audit-record.ts'
import type { Metrics } from './metrics.ts'

/** Ends an answer; told whether the request may be answered so: its record is written, or need not be. */
export type EndAnswer = (mayAnswer: boolean) => void

/** Records requests that are over. */
export interface Recorder {
  /** Takes note of a request; its record is written soon. */
  readonly record: (request: RequestContext, build: BuildRecord) => void
  /**
   * Lets an answer that is ready end when its request may be answered: a write when its record is
   * written, a read at once.
   */
  readonly hold: (request: RequestContext, build: BuildRecord, end: EndAnswer) => void
  /** Takes note of the end of a job; resolves when its record is written, or cannot be. */
  readonly recordJob: (record: AuditRecord) => Promise<void>
  /** Counts what has been taken note of so far, so that metrics tell of it. */
  readonly count: () => void
  /** Whether the trail has not taken what it was given within the deadline. */
  readonly isStalled: () => boolean
  /** How many requests are over whose record is not written. */
  readonly waiting: () => number
  /** Resolves when what has been taken note of so far is written, or given up. */
  readonly written: () => Promise<void>
  /** For how long the trail has been writing what it was given last, milliseconds; 0 when it has written it. */
  readonly lagMs: () => number
  /** Resolves when what has been taken note of is written, or the trail has stalled. */
  readonly flush: () => Promise<void>
}

/** How records are written. */
export interface RecorderSettings {
  /** Whether a write whose record cannot be written must not be answered. */
  readonly isRecordDemanded: boolean
  /** Most that the answer of a write waits for its record, milliseconds. */
  readonly deadlineMs: number
}

/**
 * The answer of a read does not wait for its record, so that many are made and written together: one after the
 * other they cost a third of what they cost each by itself.
 */
const collectReadsMs = 5
/** What a trail that has stalled is waited for with; of more requests no record is kept. */
const maxWaiting = 10_000

/** A request that is over, whose record is not made yet. */
interface Ended {
  readonly request: RequestContext
  readonly build: BuildRecord
  /** What waits for the record; undefined for a read. */
  readonly end: EndAnswer | undefined
}

/** A record that is to be written, and what waits for that. */
interface Waiting {
  readonly record: AuditRecord
  end: EndAnswer | undefined
}

/**
 * Records requests in batches: those of one turn of the event loop where the answer of a write waits for
 * them, and those of some milliseconds where none does. What is to be written is written
 * by another thread, one batch at a time, so that a slow disk holds up no read, and a write for no
 * longer than the deadline.
 * @param onStall told when the trail does not take what it was given
 */
export function openRecorder(
  auditLog: AuditLog,
  metrics: Pick<Metrics, 'observe'>,
  { isRecordDemanded, deadlineMs }: RecorderSettings,
  onStall: () => void,
): Recorder {
  let ended: Ended[] = []
  let collected: Waiting[] = []
  let underWay: Waiting[] = []
  // Whether what has ended is collected at the end of this turn.
  let isTurnCollected = false
  // Whether an answer waits for what has been collected.
  let isAwaited = false
  let isStalled = false
  let writing: Promise<void> | undefined
  let collecting: NodeJS.Timeout | undefined
  // Batches, counted; and who waits for one to be over.
  let begun = 0
  let finished = 0
  let watchers: { readonly batch: number; readonly resolve: () => void }[] = []
  // When the last batch was; milliseconds of `performance.now()`.
  let begunAt = Number.NEGATIVE_INFINITY
  const deadline = setTimeout(stall, deadlineMs).unref()

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
    const isRoom = collected.length < maxWaiting
    if (isRoom) collected.push({ record, end: isStalled ? undefined : end })
    else auditLog.miss(1)
    if (isStalled || !isRoom) end?.(!isRecordDemanded)
    else if (end !== undefined) isAwaited = true
  }

  /** A write waits for its record, a read does not. */
  function beginInTime(): void {
    if (isAwaited) begin()
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
    isAwaited = false
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
    for (const { batch: due, resolve } of watchers) if (due <= finished) resolve()
    watchers = watchers.filter(({ batch: due }) => due > finished)
    beginInTime()
  }

  function stall(): void {
    if (underWay.length === 0) return
    isStalled = true
    onStall()
    for (const each of [...underWay, ...collected]) {
      each.end?.(!isRecordDemanded)
      each.end = undefined
    }
  }

  return {
    record: (request, build) => {
      if (!request.isRecorded) take(request, build, undefined)
    },
    hold: (request, build, end) => {
      if (request.isRecorded || isRead(request)) end(true)
      else take(request, build, end)
    },
    recordJob: (record) =>
      new Promise((resolve) => {
        collectOne(record, () => resolve())
        beginInTime()
      }),
    count: collect,
    isStalled: () => isStalled,
    waiting: () => ended.length + collected.length + underWay.length,
    written: async () => {
      collect()
      const batch = collected.length > 0 ? begun + 1 : begun
      if (batch <= finished) return
      await new Promise<void>((resolve) => watchers.push({ batch, resolve }))
    },
    lagMs: () => (underWay.length === 0 ? 0 : performance.now() - begunAt),
    flush: async () => {
      for (collectAndBegin(); writing !== undefined && !isStalled; collectAndBegin()) {
        await Promise.race([writing, delay(deadlineMs, undefined, { ref: false })])
      }
    },
  }
}

/** RFC 9110, section 9.2.1: methods that ask for no change. */
function isRead({ method }: RequestContext): boolean {
  return method === 'GET' || method === 'HEAD'
}
