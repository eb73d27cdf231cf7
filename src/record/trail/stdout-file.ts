import { readEndOf } from './file-end.ts'
import type { LineFile } from './line-file.ts'
import { sourceOfBytes } from './lines-backward.ts'
import { stdoutNumber, writeBytes } from './write-bytes.ts'

/** Standard output as a file of lines. It cannot be read, so what is left of a line that was cut off is remembered. */
export function stdoutFile(): Pick<LineFile, 'write' | 'readEnd'> {
  let rest: Buffer = Buffer.alloc(0)
  return {
    write: async (bytes) => {
      const written = await writeBytes(stdoutNumber, bytes)
      const taken = bytes.subarray(0, written.bytes)
      const begin = taken.lastIndexOf(0x0a) + 1
      rest = Buffer.concat([...(begin === 0 ? [rest] : []), taken.subarray(begin)])
      return written
    },
    readEnd: () => readEndOf(sourceOfBytes(rest)),
  }
}
