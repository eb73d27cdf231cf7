import type { RequestContext } from '../request-context.ts'
import type { AuditLog } from './audit-log.ts'
import { type AuditRecord, auditRecord } from './audit-record.ts'
import type { Metrics } from './metrics.ts'

/** Records requests that are over. */
export interface Recorder {
  /** Takes note of a request; its record is written before the next turn of the event loop. */
  readonly record: (request: RequestContext) => void
  /** Writes what has been taken note of. */
  readonly flush: () => void
}

/**
 * Records the requests of one turn of the event loop together: one after the other they cost half of
 * what they cost in between everything else, and they share one write.
 */
export function openRecorder(auditLog: AuditLog, metrics: Metrics): Recorder {
  let ended: RequestContext[] = []
  function flush(): void {
    if (ended.length === 0) return
    const records: AuditRecord[] = ended.map(auditRecord)
    ended = []
    auditLog.write(records)
    for (const each of records) metrics.observe(each)
  }
  return {
    record: (request) => {
      request.endedAt = performance.now()
      if (ended.length === 0) setImmediate(flush)
      ended.push(request)
    },
    flush,
  }
}
