import { destination, type Logger, pino } from 'pino'
import type { Redact } from './known-secrets.ts'
import { redactTokenShapes } from './token-shapes.ts'

/**
 * The operator's log: JSON lines on standard error, apart from the audit trail. Every finished line
 * is searched for secrets and token shapes before it is written.
 */
export function openLog(redact: Redact): Logger {
  const stderr = destination({ fd: 2, sync: true })
  return pino(
    { base: null, timestamp: pino.stdTimeFunctions.isoTime },
    { write: (line: string) => void stderr.write(redactTokenShapes(redact(line))) },
  )
}
