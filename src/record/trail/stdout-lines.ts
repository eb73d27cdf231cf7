import { setTimeout as delay } from 'node:timers/promises'
import { oneAtATime } from '../../contract/one-at-a-time.ts'
import { stdoutNumber, writeBytes } from './write-bytes.ts'

/** Writes lines to standard output. */
export interface StdoutLines {
  /** Writes lines in the background, after those before. */
  readonly write: (lines: readonly string[]) => void
  /** Resolves when all are written, or the reader has not read for a while. */
  readonly close: () => Promise<void>
}

/** How much may wait for a slow reader, in characters; beyond that new lines are dropped. */
const maxWaitingLength = 16_777_216
const closeMs = 1_000

/**
 * Copies lines to standard output without making anybody wait for its reader.
 * @param onError told of lines that were dropped
 */
export function stdoutLines(onError: (error: unknown) => void): StdoutLines {
  let waiting: string[] = []
  let waitingLength = 0
  const write = oneAtATime(writeAll)

  async function writeAll(): Promise<void> {
    while (waiting.length > 0) {
      const bytes = Buffer.from(waiting.join(''))
      waiting = []
      waitingLength = 0
      const { error: cause } = await writeBytes(stdoutNumber, bytes)
      // Without the code of its cause, it does not count as the same fault as one of the file.
      if (cause !== undefined) onError(new Error('standard output takes no audit trail', { cause }))
    }
  }

  return {
    write: (lines) => {
      for (const line of lines) {
        if (waitingLength + line.length > maxWaitingLength) {
          onError(new Error('standard output is too slow for the audit trail'))
          break
        }
        waiting.push(line)
        waitingLength += line.length
      }
      void write()
    },
    close: async () => {
      await Promise.race([write(), delay(closeMs, undefined, { ref: false })])
    },
  }
}
