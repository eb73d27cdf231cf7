import { destination } from 'pino'
import type { AuditRecord } from './audit-record.ts'
import { type LineSink, openLineFile, type Rotation } from './line-file.ts'
import type { Redact } from './redaction.ts'

/** Where records go; at least one of file and stdout. */
export interface AuditSettings {
  readonly file?: string
  readonly stdout?: boolean
  readonly rotate?: Rotation
}

/** The audit trail. */
export interface AuditLog {
  /**
   * Writes one record as one line of JSON, together with those of the same turn of the event loop;
   * a failure is told to `onError`.
   */
  readonly write: (record: AuditRecord) => void
  readonly close: () => void
}

/**
 * Opens the audit trail. Every finished line is searched for secrets before it is written.
 * @param onError told of a line that could not be written, and of a rotation that failed
 * @throws {Error} when the file cannot be opened
 */
export function openAuditLog(
  settings: AuditSettings,
  redact: Redact,
  onError: (error: unknown) => void,
): AuditLog {
  const sinks: LineSink[] = []
  if (settings.file !== undefined) {
    sinks.push(openLineFile(settings.file, settings.rotate, onError))
  }
  if (settings.stdout) sinks.push(stdoutSink(onError))
  let pending = ''
  function flush(): void {
    const lines = pending
    pending = ''
    if (lines === '') return
    for (const sink of sinks) {
      try {
        sink.write(lines)
      } catch (error) {
        onError(error)
      }
    }
  }
  // A process that ends by an error of its own still writes what it has.
  process.on('exit', flush)
  return {
    write: (record) => {
      if (pending === '') setImmediate(flush)
      pending += `${redact(JSON.stringify(record))}\n`
    },
    close: () => {
      flush()
      process.off('exit', flush)
      for (const sink of sinks) sink.close()
    },
  }
}

function stdoutSink(onError: (error: unknown) => void): LineSink {
  const stdout = destination({ fd: 1, sync: true })
  stdout.on('error', onError)
  return { write: (line) => void stdout.write(line), close: () => undefined }
}
