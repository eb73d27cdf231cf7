import type { AuditRecord } from '../audit-record.ts'
import type { AuditSettings } from '../audit-settings.ts'
import type { Redact } from '../redaction/known-secrets.ts'
import { openAuditCheckpoints } from './audit-checkpoints.ts'
import { continueChain, newChain } from './chain-writer.ts'
import { type ChainedFile, openChainedFile } from './chained-file.ts'
import { stdoutFile } from './stdout-file.ts'
import { stdoutLines } from './stdout-lines.ts'

/** The audit trail. */
export interface AuditLog {
  /**
   * Writes records, each as one line of JSON, after those that are already being written. It does not reject.
   * @returns how many of the records were written, counted from the first
   */
  readonly write: (records: readonly AuditRecord[]) => Promise<number>
  /** Makes the trail say that so many records were given up without an attempt to write them. */
  readonly miss: (count: number) => void
  /** Whether the last attempt to write failed; then another one is made every second. */
  readonly isFailing: () => boolean
  /** Where the file broke off when it was opened; undefined when it was complete. */
  readonly cutAtOpen: ChainedFile['cutAtOpen']
  /** Which records were missing when it was opened, although a checkpoint covers them. */
  readonly missingAtOpen: ChainedFile['missingAtOpen']
  /** Resolves when everything is written. What comes later is in no file, and waits until the process ends. */
  readonly close: () => Promise<void>
}

const retryMs = 1_000

/**
 * Opens the audit trail. Every finished line is searched for secrets before it is written. If there is a
 * file it decides: standard output gets only lines that are in the file.
 * @param settings where records go: at least one of `file` and `stdout` is set
 * @param onError told of what could not be written, copied or put aside
 * @throws when the file cannot be opened
 */
export async function openAuditLog(
  settings: Pick<AuditSettings, 'file' | 'stdout' | 'rotate' | 'checkpoints'>,
  redact: Redact,
  onError: (error: unknown) => void,
): Promise<AuditLog> {
  const { file: path, rotate } = settings
  const checkpoints =
    path === undefined || settings.checkpoints === undefined
      ? undefined
      : await openAuditCheckpoints(path, settings.checkpoints, onError)
  const file =
    path === undefined ? undefined : await openChainedFile(path, rotate, onError, checkpoints)
  // Without a file, the chain begins anew with every process.
  const chain = file ?? continueChain(stdoutFile(), newChain, onError)
  const copy = path !== undefined && settings.stdout ? stdoutLines(onError) : undefined
  let last: Promise<unknown> = Promise.resolve()
  let retry: NodeJS.Timeout | undefined

  function write(jsons: readonly string[]): Promise<number> {
    const written = last.then(async () => {
      const lines = await chain.append(jsons)
      copy?.write(lines)
      if (chain.isFailing()) retry ??= setTimeout(tryAgain, retryMs).unref()
      return lines.length
    })
    last = written
    return written
  }
  /** Tries to write again even without requests, since only that shows that it works again. */
  function tryAgain(): void {
    retry = undefined
    if (chain.isFailing()) void write([])
  }

  return {
    write: (records) =>
      write(
        redactLines(
          records.map((record) => JSON.stringify(record)),
          redact,
        ),
      ),
    miss: chain.miss,
    isFailing: chain.isFailing,
    cutAtOpen: file?.cutAtOpen,
    missingAtOpen: file?.missingAtOpen,
    close: async () => {
      const written = last
      // By then the number of the file may be that of another file or connection.
      if (file !== undefined) last = Promise.withResolvers().promise
      await written
      clearTimeout(retry)
      await file?.close()
      await copy?.close()
      await checkpoints?.close()
    },
  }
}

/** How much text is searched at once; in much longer texts replacing pieces takes longer. */
const joinedLength = 65_536

/** Searches many lines as one text. If there is nothing to hide, that takes half as long as searching each line. */
function redactLines(lines: readonly string[], redact: Redact): readonly string[] {
  const shown: string[] = []
  for (let from = 0; from < lines.length; ) {
    let to = from + 1
    let length = (lines[from] as string).length
    while (to < lines.length && length < joinedLength) {
      length += (lines[to] as string).length
      to += 1
    }
    // Neither a line nor what is searched for contains a line feed.
    shown.push(...redact(lines.slice(from, to).join('\n')).split('\n'))
    from = to
  }
  return shown
}
