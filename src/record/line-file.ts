import { close, open, openSync, statSync } from 'node:fs'
import { access, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import { promisify } from 'node:util'
import { makeFolder } from '../make-folder.ts'
import { type FileEnd, readEndOf } from './file-end.ts'
import { lastPutAsideMs } from './segments.ts'
import { type Written, writeBytes } from './write-bytes.ts'

/** A file that lines are appended to, by one call at a time. */
export interface LineFile {
  /** Writes bytes at the end; they are with the operating system then. */
  readonly write: (bytes: Buffer) => Promise<Written>
  /**
   * How it ends, also where it was moved or deleted meanwhile.
   * @throws {Error} when it cannot be read
   */
  readonly readEnd: () => FileEnd
  /** Whether it has reached its size or its age. */
  readonly isFull: () => boolean
  /**
   * Puts the file aside and goes on with an empty one.
   * @returns the name of the file that was put aside; rejects when that fails, and the file then goes
   *   on as it is
   */
  readonly rotate: () => Promise<string>
  readonly close: () => Promise<void>
}

/** When a file is put aside. */
export interface Rotation {
  readonly sizeMiB: number
  readonly everyHours?: number
}

/**
 * Opens a file for appending that others than owner and group cannot read. Rotated, it is renamed to
 * `NAME.TIME`.
 * @throws {Error} when the file cannot be opened
 */
export function openLineFile(file: string, rotation: Rotation | undefined): LineFile {
  makeFolder(dirname(file), 0o750)
  const limitBytes =
    rotation === undefined ? Number.POSITIVE_INFINITY : rotation.sizeMiB * 1_048_576
  let fd = openSync(file, 'a+', mode)
  const atOpen = statSync(file)
  const ageMs = (rotation?.everyHours ?? Number.POSITIVE_INFINITY) * 3_600_000
  let size = atOpen.size
  let begunAtMs = size === 0 ? Date.now() : atOpen.birthtimeMs
  return {
    write: async (bytes) => {
      const written = await writeBytes(fd, bytes)
      size += written.bytes
      return written
    },
    readEnd: () => readEndOf(fd),
    isFull: () => size >= limitBytes || (size > 0 && Date.now() - begunAtMs >= ageMs),
    rotate: async () => {
      const aside = await freeName(file)
      await rename(file, aside)
      const next = await openFile(file, 'a+', mode).catch(async (error: unknown) => {
        // Else there would be none to be put aside next time.
        await rename(aside, file)
        throw error
      })
      await closeFile(fd)
      fd = next
      size = 0
      begunAtMs = Date.now()
      return aside
    },
    close: () => closeFile(fd),
  }
}

const mode = 0o640
// Numbers of files rather than handles: a write by number needs no promise of its own.
const openFile = promisify(open)
const closeFile = promisify(close)

/**
 * A name with the present time, or the next millisecond that no file has yet; behind that of the last one also
 * where the clock was set back, since the names say in which order the files follow each other.
 */
async function freeName(file: string): Promise<string> {
  for (let timeMs = Math.max(Date.now(), (await lastPutAsideMs(file)) + 1); ; timeMs += 1) {
    const name = `${file}.${new Date(timeMs).toISOString().replaceAll(/[-:.]/g, '')}`
    const taken = await Promise.all(['', '.gz', '.zst'].map((suffix) => exists(name + suffix)))
    if (!taken.includes(true)) return name
  }
}

function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  )
}
