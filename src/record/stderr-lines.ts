import { writeSync } from 'node:fs'

const stderrNumber = 2
/** How long to wait before writing again to a pipe that is full, milliseconds. */
const fullPipeMs = 10
/** How long the end of the process waits for a reader that is slow, milliseconds. */
const lastWaitMs = 1_000
/** Once so much waits for a reader, further lines are dropped, bytes. */
const maxWaitingBytes = 1_048_576

const lineFeed = Buffer.from('\n')
/** Nobody ever wakes who waits for it. */
const sleep = new Int32Array(new SharedArrayBuffer(4))

/**
 * Writes lines to standard error, and never waits for its reader: one that hangs would stop the whole process. Of a pipe
 * or socket that is full, Node says so, since `process.stderr` has made it non-blocking; it has terminals block.
 *
 * Unlike `stdoutLines` it writes at once, in the main thread: a line is out before what it tells of can end the process.
 * @param onLost told, once there is a reader again, how many lines have been dropped
 */
export function stderrLines(onLost: (lines: number) => void): (line: string) => void {
  let waiting: Buffer[] = []
  let waitingBytes = 0
  let isFirstCut = false
  let retry: NodeJS.Timeout | undefined
  let lost = 0

  function writeWaiting(): void {
    retry = undefined
    try {
      for (let line = waiting[0]; line !== undefined; line = waiting[0]) {
        const written = writeSync(stderrNumber, line)
        waitingBytes -= written
        isFirstCut = written < line.length
        if (isFirstCut) waiting[0] = line.subarray(written)
        else waiting.shift()
      }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EAGAIN') {
        retry = setTimeout(writeWaiting, fullPipeMs).unref()
        return
      }
      // A full disk, or a reader that has gone, must not end the process. What is written later begins a line of its own.
      waiting = isFirstCut ? [lineFeed] : []
      waitingBytes = waiting.length
    }
    process.off('exit', writeLast)
    if (lost === 0) return
    const lines = lost
    lost = 0
    onLost(lines)
  }

  /** A reader that is merely slow gets the last lines too, which may say why the process ends. */
  function writeLast(): void {
    const endMs = performance.now() + lastWaitMs
    writeWaiting()
    while (retry !== undefined && performance.now() < endMs) {
      Atomics.wait(sleep, 0, 0, fullPipeMs)
      writeWaiting()
    }
  }

  return (line) => {
    if (waitingBytes >= maxWaitingBytes) {
      lost += 1
      return
    }
    const bytes = Buffer.from(line)
    waiting.push(bytes)
    waitingBytes += bytes.length
    if (retry !== undefined) return
    writeWaiting()
    if (retry !== undefined) process.once('exit', writeLast)
  }
}
