import { close, open, openSync, readSync, statSync } from 'node:fs'
import { rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import { promisify } from 'node:util'
import { makeFolder } from '../../make-folder.ts'
import type { TrailRotation } from '../audit-settings.ts'
import { type FileEnd, readEndOf } from './file-end.ts'
import { sourceOfOpenFile } from './lines-backward.ts'
import { lastPutAsideMs } from './segment-files.ts'
import { type Written, writeBytes } from './write-bytes.ts'

/** A file that lines are appended to. Only one call may write at a time. */
export interface LineFile {
  /** Appends bytes; resolves when the operating system has taken them. */
  readonly write: (bytes: Buffer) => Promise<Written>
  /**
   * How the file ends, even if it has been moved or deleted in the meantime.
   * @throws {Error} when it cannot be read
   */
  readonly readEnd: () => FileEnd
  /** Whether it has reached its maximum size or age. */
  readonly isFull: () => boolean
  /**
   * Puts the file aside and continues with an empty one. Rejects when that fails; then the same file is
   * continued.
   * @returns the name of the file that was put aside
   */
  readonly rotate: () => Promise<string>
  /** It does not reject. */
  readonly close: () => Promise<void>
}

/**
 * Opens a file for appending, which only owner and group can read. Rotation renames it to `NAME.TIME`.
 * @param onError told of what a file that is closed could not write, as file systems of a network find out only then
 * @throws {Error} when the file cannot be opened
 */
export function openLineFile(
  file: string,
  rotation: Pick<TrailRotation, 'sizeMiB' | 'everyHours'> | undefined,
  onError: (error: unknown) => void,
): LineFile {
  makeFolder(dirname(file), 0o750)
  const limitBytes =
    rotation === undefined ? Number.POSITIVE_INFINITY : rotation.sizeMiB * 1_048_576
  let fd = openSync(file, 'a+', mode)
  const atOpen = statSync(file)
  const ageMs = (rotation?.everyHours ?? Number.POSITIVE_INFINITY) * 3_600_000
  let size = atOpen.size
  let begunAtMs = size === 0 ? Date.now() : firstTimeMs(fd)
  return {
    write: async (bytes) => {
      const written = await writeBytes(fd, bytes)
      size += written.bytes
      return written
    },
    readEnd: () => readEndOf(sourceOfOpenFile(fd)),
    // If the clock was set back since, nobody knows how old it is; it is not kept until the clock has caught up.
    isFull: () => size >= limitBytes || (size > 0 && Math.abs(Date.now() - begunAtMs) >= ageMs),
    rotate: async () => {
      const aside = await nextName(file)
      await rename(file, aside)
      const next = await openFile(file, 'a+', mode).catch(async (error: unknown) => {
        // Otherwise there would be no file to put aside next time.
        await rename(aside, file)
        throw error
      })
      // Even where that fails, its number is free, and is soon that of another file or connection.
      await closeFile(fd).catch(onError)
      fd = next
      size = 0
      begunAtMs = Date.now()
      return aside
    },
    close: () => closeFile(fd).catch(onError),
  }
}

/** How long the beginning of a line is that holds its time, bytes. */
const beginningBytes = 64

/**
 * When the first line was written, according to itself: not all file systems (NFS, for one) know when a file was made,
 * and Node then says 1970. A file with another first line counts as new.
 */
function firstTimeMs(fd: number): number {
  const beginning = Buffer.alloc(beginningBytes)
  readSync(fd, beginning, 0, beginningBytes, 0)
  const [, time = ''] = /^\{"v":1,"time":"([^"]+)"/.exec(beginning.toString('latin1')) ?? []
  const timeMs = Date.parse(time)
  return Number.isNaN(timeMs) ? Date.now() : timeMs
}

const mode = 0o640
// File descriptors rather than FileHandle objects: a write to a descriptor needs no promise of its own.
const openFile = promisify(open)
const closeFile = promisify(close)

/**
 * A name with the present time, or with the millisecond after that of the last file, if that is later: names give the
 * order of the files, also if the clock was set back, and no file has this one yet.
 */
async function nextName(file: string): Promise<string> {
  const timeMs = Math.max(Date.now(), (await lastPutAsideMs(file)) + 1)
  return `${file}.${new Date(timeMs).toISOString().replaceAll(/[-:.]/g, '')}`
}
