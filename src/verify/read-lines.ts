import { createReadStream } from 'node:fs'
import { decompress } from './decompress.ts'
import { presentFiles } from './trail-files.ts'

/** One line of a file. */
export interface FileLine {
  readonly file: string
  /** From 1. */
  readonly number: number
  /** Without its line feed. */
  readonly bytes: Buffer
  /** False for what stands after the last line feed. */
  readonly isEnded: boolean
}

/**
 * Reads the files of a trail line by line, those that end in `.gz` or `.zst` decompressed.
 * @throws {Error} when one cannot be read
 */
export async function* readLines(files: readonly string[]): AsyncGenerator<FileLine> {
  for (const file of presentFiles(files)) yield* readLinesOf(file)
}

/**
 * The same of one file that is no trail.
 * @throws {Error} when it cannot be read
 */
export async function* readLinesOf(file: string): AsyncGenerator<FileLine> {
  let number = 0
  let rest: Buffer[] = []
  const source = createReadStream(file, { highWaterMark: 1_048_576 })
  for await (const chunk of decompress(file, source)) {
    const bytes = chunk as Buffer
    let begin = 0
    for (let end = bytes.indexOf(0x0a); end >= 0; end = bytes.indexOf(0x0a, begin)) {
      const part = bytes.subarray(begin, end)
      number += 1
      const line = rest.length === 0 ? part : Buffer.concat([...rest, part])
      rest = []
      begin = end + 1
      yield { file, number, bytes: line, isEnded: true }
    }
    if (begin < bytes.length) rest.push(bytes.subarray(begin))
  }
  if (rest.length > 0) {
    yield { file, number: number + 1, bytes: Buffer.concat(rest), isEnded: false }
  }
}
