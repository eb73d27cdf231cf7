import { write } from 'node:fs'

/** The file descriptor of standard output. */
export const stdoutNumber = 1

/** The result of an attempt to write. */
export interface Written {
  /** How many bytes the operating system has taken. */
  readonly bytes: number
  /** Absent when those are all of them. */
  readonly error?: NodeJS.ErrnoException
}

/** How long to wait before writing again to a non-blocking pipe that is full. */
const fullPipeMs = 5

/** Appends all bytes to an open file, in another thread. It does not reject. */
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
