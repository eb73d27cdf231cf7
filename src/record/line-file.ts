import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  renameSync,
  statSync,
  writeSync,
} from 'node:fs'
import { dirname } from 'node:path'

/** What came of an attempt to write. */
export interface Written {
  /** Bytes that are with the operating system. */
  readonly bytes: number
  /** Absent when that is all of them. */
  readonly error?: unknown
}

/** A file that lines are appended to. */
export interface LineFile {
  /** Writes bytes at the end; they are with the operating system on return. */
  readonly write: (bytes: Buffer) => Written
  /** Whether it has reached its size or its age. */
  readonly isFull: () => boolean
  /**
   * Puts the file aside and goes on with an empty one.
   * @returns the name of the file that was put aside
   * @throws {Error} when that fails; the file then goes on as it is
   */
  readonly rotate: () => string
  readonly close: () => void
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
  mkdirSync(dirname(file), { recursive: true, mode: 0o750 })
  const open = () => openSync(file, 'a', 0o640)
  const limitBytes =
    rotation === undefined ? Number.POSITIVE_INFINITY : rotation.sizeMiB * 1_048_576
  let fd = open()
  const atOpen = statSync(file)
  const ageMs = (rotation?.everyHours ?? Number.POSITIVE_INFINITY) * 3_600_000
  let size = atOpen.size
  let begunAtMs = size === 0 ? Date.now() : atOpen.birthtimeMs
  return {
    write: (bytes) => {
      let written = 0
      try {
        while (written < bytes.length) written += writeSync(fd, bytes, written)
        return { bytes: written }
      } catch (error) {
        return { bytes: written, error }
      } finally {
        size += written
      }
    },
    isFull: () => size >= limitBytes || (size > 0 && Date.now() - begunAtMs >= ageMs),
    rotate: () => {
      const aside = freeName(file)
      renameSync(file, aside)
      const next = open()
      closeSync(fd)
      fd = next
      size = 0
      begunAtMs = Date.now()
      return aside
    },
    close: () => closeSync(fd),
  }
}

/** A name with the present time, or the next millisecond that no file has yet. */
function freeName(file: string): string {
  for (let timeMs = Date.now(); ; timeMs += 1) {
    const name = `${file}.${new Date(timeMs).toISOString().replaceAll(/[-:.]/g, '')}`
    if (!['', '.gz', '.zst'].some((suffix) => existsSync(name + suffix))) return name
  }
}
