import { write } from 'node:fs'

/** The open file that standard output is. */
export const stdoutNumber = 1

/** What came of an attempt to write. */
export interface Written {
  /** Bytes that are with the operating system. */
  readonly bytes: number
  /** Absent when that is all of them. */
  readonly error?: NodeJS.ErrnoException
}

/** A pipe that does not block is full; it is looked at again soon. */
const fullPipeMs = 5

/** Writes all bytes at the end of an open file, in the background. It does not reject. */
export function writeBytes(fd: number, bytes: Buffer): Promise<Written> {
  return new Promise((resolve) => {
    let done = 0
    function writeRest(): void {
      write(fd, bytes, done, bytes.length - done, null, (error, count) => {
        if (error?.code === 'EAGAIN') setTimeout(writeRest, fullPipeMs)
        else if (error !== null) resolve({ bytes: done, error })
        else {
          done += count
          if (done < bytes.length) writeRest()
          else resolve({ bytes: done })
        }
      })
    }
    writeRest()
  })
}
