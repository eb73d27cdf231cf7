import { type AuditCheckpointSettings, openAuditCheckpoints } from './audit-checkpoints.ts'
import type { AuditRecord } from './audit-record.ts'
import { type ChainHead, chainLines, genesis } from './chain.ts'
import { type ChainedFile, openChainedFile, type TrailRotation } from './chained-file.ts'
import type { Redact } from './known-secrets.ts'
import { stdoutLines } from './stdout-lines.ts'
import { stdoutNumber, writeBytes } from './write-bytes.ts'

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
   * Writes records, each as one line of JSON, behind what is being written already. It does not reject.
   * @returns how many of them were written, from the first
   */
  readonly write: (records: readonly AuditRecord[]) => Promise<number>
  /** Has the trail tell of so many records that were never tried to be written. */
  readonly miss: (count: number) => void
  /** Whether the last attempt to write has failed; another is made every second then. */
  readonly isFailing: () => boolean
  /** Where the file was cut when it was opened; undefined when it was whole. */
  readonly cutAtOpen: ChainedFile['cutAtOpen']
  /** Ends when all is written. */
  readonly close: () => Promise<void>
}

const retryMs = 1_000

/**
 * Opens the audit trail. Every finished line is searched for secrets before it is written. The file
 * is what counts: standard output gets the lines that the file has.
 * @param onError told of what could not be written, copied or put aside
 * @returns rejects when the file cannot be opened
 */
export async function openAuditLog(
  settings: AuditSettings,
  redact: Redact,
  onError: (error: unknown) => void,
): Promise<AuditLog> {
  const { file: path, rotate } = settings
  const checkpoints =
    path === undefined || settings.checkpoints === undefined
      ? undefined
      : openAuditCheckpoints(path, settings.checkpoints, onError)
  const file =
    path === undefined
      ? chainToStdout(onError)
      : await openChainedFile(path, rotate, onError, checkpoints?.add)
  const copy = path !== undefined && settings.stdout ? stdoutLines(onError) : undefined
  let last: Promise<unknown> = Promise.resolve()
  let retry: NodeJS.Timeout | undefined

  function write(jsons: readonly string[]): Promise<number> {
    const written = last.then(async () => {
      const lines = await file.append(jsons)
      copy?.write(lines)
      if (file.isFailing()) retry ??= setTimeout(tryAgain, retryMs).unref()
      return lines.length
    })
    last = written
    return written
  }
  /** Where nothing is asked for, nothing would be written that shows that it can be again. */
  function tryAgain(): void {
    retry = undefined
    if (file.isFailing()) void write([])
  }

  return {
    write: (records) =>
      write(
        redactLines(
          records.map((record) => JSON.stringify(record)),
          redact,
        ),
      ),
    miss: file.miss,
    isFailing: file.isFailing,
    cutAtOpen: file.cutAtOpen,
    close: async () => {
      await last
      clearTimeout(retry)
      await file.close()
      await copy?.close()
      await checkpoints?.close()
    },
  }
}

/** So much text is searched at once: of much more the pieces that are put in take longer. */
const joinedLength = 65_536

/** Searches many lines as one text, which for lines without anything to hide takes half as long as one by one. */
function redactLines(lines: readonly string[], redact: Redact): readonly string[] {
  const shown: string[] = []
  for (let from = 0; from < lines.length; ) {
    let to = from + 1
    let length = (lines[from] as string).length
    while (to < lines.length && length < joinedLength) {
      length += (lines[to] as string).length
      to += 1
    }
    shown.push(...redactJoined(lines.slice(from, to), redact))
    from = to
  }
  return shown
}

function redactJoined(lines: readonly string[], redact: Redact): readonly string[] {
  const shown = redact(lines.join('\n')).split('\n')
  // A line has no line feed, but a secret may have one, and be found where one line follows another.
  return shown.length === lines.length ? shown : lines.map(redact)
}

/** Without a file a chain is as long as its process lives. */
function chainToStdout(onError: (error: unknown) => void): ChainedFile {
  let head: ChainHead = genesis
  let isFailing = false
  return {
    append: async (jsons) => {
      const { lines, heads } = chainLines(jsons, head)
      const { error } = await writeBytes(stdoutNumber, Buffer.from(lines.join('')))
      isFailing = error !== undefined
      if (error === undefined) head = heads.at(-1) ?? head
      else onError(error)
      return isFailing ? [] : lines
    },
    miss: () => undefined,
    isFailing: () => isFailing,
    cutAtOpen: undefined,
    close: () => Promise.resolve(),
  }
}
