import { destination } from 'pino'
import { type AuditCheckpointSettings, openAuditCheckpoints } from './audit-checkpoints.ts'
import type { AuditRecord } from './audit-record.ts'
import { type ChainHead, chainLine, genesis } from './chain.ts'
import { type ChainedFile, openChainedFile, type TrailRotation } from './chained-file.ts'
import type { Redact } from './redaction.ts'

/** Where records go; at least one of file and stdout. */
export interface AuditSettings {
  readonly file?: string
  readonly stdout?: boolean
  readonly rotate?: TrailRotation
  /** Of the file. */
  readonly checkpoints?: AuditCheckpointSettings
}

/** The audit trail. */
export interface AuditLog {
  /**
   * Writes records, each as one line of JSON, synchronously.
   * @returns how many of them were written, from the first
   */
  readonly write: (records: readonly AuditRecord[]) => number
  /** Whether the last attempt to write has failed; another is made every second then. */
  readonly isFailing: () => boolean
  /** Where the file was cut when it was opened; undefined when it was whole. */
  readonly cutAtOpen: ChainedFile['cutAtOpen']
  readonly close: () => Promise<void>
}

const retryMs = 1_000

/**
 * Opens the audit trail. Every finished line is searched for secrets before it is written. The file
 * is what counts: standard output gets the lines that the file has.
 * @param onError told of what could not be written, copied or put aside
 * @throws {Error} when the file cannot be opened
 */
export function openAuditLog(
  settings: AuditSettings,
  redact: Redact,
  onError: (error: unknown) => void,
): AuditLog {
  const { file: path, rotate } = settings
  const checkpoints =
    path === undefined || settings.checkpoints === undefined
      ? undefined
      : openAuditCheckpoints(path, settings.checkpoints, onError)
  const file =
    path === undefined ? undefined : openChainedFile(path, rotate, onError, checkpoints?.add)
  const append = file?.append ?? chainInMemory()
  const print = settings.stdout ? openStdout(onError) : undefined
  let retry: NodeJS.Timeout | undefined

  function write(jsons: readonly string[]): number {
    const lines = append(jsons)
    print?.(lines.join(''))
    return lines.length
  }
  /** Where nothing is asked for, nothing would be written that shows that it can be again. */
  function tryAgain(): void {
    retry = file?.isFailing() ? setTimeout(tryAgain, retryMs).unref() : undefined
    if (file?.isFailing()) write([])
  }

  return {
    write: (records) => {
      const count = write(records.map((record) => redact(JSON.stringify(record))))
      if (count < records.length) retry ??= setTimeout(tryAgain, retryMs).unref()
      return count
    },
    isFailing: () => file?.isFailing() ?? false,
    cutAtOpen: file?.cutAtOpen,
    close: async () => {
      clearTimeout(retry)
      await file?.close()
      await checkpoints?.close()
    },
  }
}

/** Without a file a chain is as long as its process lives. */
function chainInMemory(): ChainedFile['append'] {
  let head: ChainHead = genesis
  return (jsons) =>
    jsons.map((json) => {
      const chained = chainLine(json, head)
      head = chained.head
      return `${chained.line}\n`
    })
}

function openStdout(onError: (error: unknown) => void): (lines: string) => void {
  const stdout = destination({ fd: 1, sync: true })
  stdout.on('error', onError)
  return (lines) => void stdout.write(lines)
}
