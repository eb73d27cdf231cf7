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
  /** Writes records, each as one line of JSON, synchronously; a failure is told to `onError`. */
  readonly write: (records: readonly AuditRecord[]) => void
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
  return {
    write: (records) => {
      const lines = records.map((record) => `${redact(JSON.stringify(record))}\n`).join('')
      for (const sink of sinks) {
        try {
          sink.write(lines)
        } catch (error) {
          onError(error)
        }
      }
    },
    close: () => {
      for (const sink of sinks) sink.close()
    },
  }
}

function stdoutSink(onError: (error: unknown) => void): LineSink {
  const stdout = destination({ fd: 1, sync: true })
  stdout.on('error', onError)
  return { write: (line) => void stdout.write(line), close: () => undefined }
}
