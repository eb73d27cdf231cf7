import type { RequestContext } from '../request-context.ts'
import type { AuditLog } from './audit-log.ts'
import { type AuditRecord, auditRecord } from './audit-record.ts'
import type { Metrics } from './metrics.ts'

/** Ends an answer; told whether the request may be answered so: its record is written, or need not be. */
export type EndAnswer = (mayAnswer: boolean) => void

/** Records requests that are over. */
export interface Recorder {
  /** Takes note of a request; its record is written before the next turn of the event loop. */
  readonly record: (request: RequestContext) => void
  /**
   * Lets an answer that is ready end when its request may be answered: a write when its record is
   * written, a read at once.
   */
  readonly hold: (request: RequestContext, end: EndAnswer) => void
  /** Writes what has been taken note of. */
  readonly flush: () => void
}

/**
 * Records the requests of one turn of the event loop together: one after the other they cost half of
 * what they cost in between everything else, and they share one write.
 * @param isRecordDemanded whether a write whose record cannot be written must not be answered
 */
export function openRecorder(
  auditLog: AuditLog,
  metrics: Metrics,
  isRecordDemanded: boolean,
): Recorder {
  let ended: RequestContext[] = []
  let ends: (EndAnswer | undefined)[] = []

  function take(request: RequestContext, end: EndAnswer | undefined): void {
    request.isRecorded = true
    request.endedAt = performance.now()
    if (ended.length === 0) setImmediate(flush)
    ended.push(request)
    ends.push(end)
  }

  function flush(): void {
    if (ended.length === 0) return
    const records: AuditRecord[] = ended.map(auditRecord)
    const waiting = ends
    ended = []
    ends = []
    const written = auditLog.write(records)
    for (const [index, end] of waiting.entries()) end?.(index < written || !isRecordDemanded)
    for (const each of records) metrics.observe(each)
  }

  return {
    record: (request) => {
      if (!request.isRecorded) take(request, undefined)
    },
    hold: (request, end) => {
      if (request.isRecorded || isRead(request)) end(true)
      else take(request, end)
    },
    flush,
  }
}

/** RFC 9110, section 9.2.1: methods that ask for no change. */
function isRead({ method }: RequestContext): boolean {
  return method === 'GET' || method === 'HEAD'
}
