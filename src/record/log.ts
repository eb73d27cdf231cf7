import { destination, type Logger, pino } from 'pino'
import type { Redact } from './redaction/known-secrets.ts'
import { redactTokenShapes } from './redaction/token-shapes.ts'

/**
 * The operator's log: JSON lines on standard error, apart from the audit trail. Every finished line
 * is searched for secrets and token shapes before it is written.
 */
export function openLog(redact: Redact): Logger {
  let stderr = openStderr()
  function openStderr() {
    // A full disk must not end the process. What it has not taken is lost, since nothing bounds what would be kept for it.
    return destination({ fd: 2, sync: true }).on('error', () => {
      stderr = openStderr()
    })
  }
  return pino(
    { base: null, timestamp: pino.stdTimeFunctions.isoTime },
    { write: (line: string) => void stderr.write(redactTokenShapes(redact(line))) },
  )
}
