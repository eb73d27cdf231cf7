import { type Logger, pino } from 'pino'
import type { Redact } from './redaction/known-secrets.ts'
import { redactTokenShapes } from './redaction/token-shapes.ts'
import { stderrLines } from './stderr-lines.ts'

/**
 * The operator's log: JSON lines on standard error, apart from the audit trail. Every finished line
 * is searched for secrets and token shapes before it is written.
 */
export function openLog(redact: Redact): Logger {
  const write = stderrLines((lines) =>
    log.warn({ lines }, 'nobody has read the log for a while, and lines of it are lost'),
  )
  const log = pino(
    { base: null, timestamp: pino.stdTimeFunctions.isoTime },
    { write: (line: string) => write(redactTokenShapes(redact(line))) },
  )
  return log
}
