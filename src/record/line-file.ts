import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'

/** Where finished lines go. */
export interface LineSink {
  /**
   * Writes lines, line feeds included; they are with the operating system on return.
   * @throws {Error} when it could not be written, or not all of it
   */
  readonly write: (lines: string) => void
  readonly close: () => void
}

/** When a file is put aside and how many are kept. */
export interface Rotation {
  readonly sizeMiB: number
  readonly keep: number
}

/**
 * Lines to the end of a file that others than owner and group cannot read. A file that has reached
 * its size is renamed to `NAME.TIME` between two lines, and the oldest such files beyond `keep` are
 * deleted; where that fails the file goes on, and the next line tries again.
 * @param onError told of a rotation that failed
 * @throws {Error} when the file cannot be opened
 */
export function openLineFile(
  file: string,
  rotation: Rotation | undefined,
  onError: (error: unknown) => void,
): LineSink {
  mkdirSync(dirname(file), { recursive: true, mode: 0o750 })
  const open = () => openSync(file, 'a', 0o640)
  let fd = open()
  let size = statSync(file).size
  // A line that was cut off by a full disk must not run into the next one.
  let isTorn = false

  function rotate({ keep }: Rotation): void {
    try {
      renameSync(file, freeName(file))
      const next = open()
      closeSync(fd)
      fd = next
      size = 0
      for (const old of rotatedFiles(file).slice(0, -keep)) rmSync(old, { force: true })
    } catch (error) {
      onError(error)
    }
  }

  return {
    write: (lines) => {
      if (rotation !== undefined && size >= rotation.sizeMiB * 1_048_576) rotate(rotation)
      const bytes = Buffer.from(isTorn ? `\n${lines}` : lines)
      let written = 0
      try {
        while (written < bytes.length) written += writeSync(fd, bytes, written)
        isTorn = false
      } finally {
        size += written
        if (written > 0 && written < bytes.length) isTorn = true
      }
    },
    close: () => closeSync(fd),
  }
}

/** A name with the present time, or the next millisecond that no file has yet. */
function freeName(file: string): string {
  for (let timeMs = Date.now(); ; timeMs += 1) {
    const name = `${file}.${new Date(timeMs).toISOString().replaceAll(/[-:.]/g, '')}`
    if (!existsSync(name)) return name
  }
}

/** The files that rotation has put aside, oldest first. */
export function rotatedFiles(file: string): string[] {
  const form = new RegExp(`^${RegExp.escape(basename(file))}\\.\\d{8}T\\d{9}Z$`)
  const folder = dirname(file)
  return readdirSync(folder)
    .filter((name) => form.test(name))
    .sort()
    .map((name) => join(folder, name))
}
