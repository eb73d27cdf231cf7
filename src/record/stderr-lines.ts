import { writeSync } from 'node:fs'

const stderrNumber = 2
/** How long to wait before writing again to a pipe that is full, milliseconds. */
const fullPipeMs = 100
/** Once so much waits for a reader, further lines are dropped, bytes. */
const maxWaitingBytes = 1_048_576

/**
 * Writes lines to standard error, and never waits for its reader: one that hangs would stop the whole process. Of a pipe
 * or socket that is full, Node says so, since `process.stderr` has made it non-blocking.
 * @param onLost told, once there is a reader again, how many lines have been dropped
 */
export function stderrLines(onLost: (lines: number) => void): (line: string) => void {
  let waiting: Buffer = Buffer.alloc(0)
  let retry: NodeJS.Timeout | undefined
  let lost = 0

  function writeWaiting(): void {
    retry = undefined
    try {
      while (waiting.length > 0) waiting = waiting.subarray(writeSync(stderrNumber, waiting))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EAGAIN') {
        retry = setTimeout(writeWaiting, fullPipeMs).unref()
        return
      }
      // A full disk, or a reader that has gone, must not end the process.
      waiting = Buffer.alloc(0)
    }
    if (lost === 0) return
    const lines = lost
    lost = 0
    onLost(lines)
  }

  return (line) => {
    if (waiting.length >= maxWaitingBytes) {
      lost += 1
      return
    }
    waiting = Buffer.concat([waiting, Buffer.from(line)])
    if (retry === undefined) writeWaiting()
  }
}
