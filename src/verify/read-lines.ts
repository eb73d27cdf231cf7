import { createReadStream } from 'node:fs'
import { decompress } from './decompress.ts'
import { namingFile } from './naming-file.ts'
import { presentFiles } from './trail-files.ts'

/** One line of a file. */
export interface FileLine {
  readonly file: string
  /** The number of the line, counted from 1. */
  readonly number: number
  /** The line without its line feed. */
  readonly bytes: Buffer
  /** False for a rest after the last line feed. */
  readonly isEnded: boolean
}

/**
 * Reads the files of a trail line by line, and decompresses those that end in `.gz` or `.zst`.
 * @throws {Error} when a file cannot be read
 */
export async function* readLines(files: readonly string[]): AsyncGenerator<FileLine> {
  for (const file of presentFiles(files)) yield* readLinesOf(file)
}

/**
 * Reads a single file, which need not be part of a trail, in the same way.
 * @throws {Error} when it cannot be read
 */
export async function* readLinesOf(file: string): AsyncGenerator<FileLine> {
  let number = 0
  let rest: Buffer[] = []
  const source = createReadStream(file, { highWaterMark: 1_048_576 })
  for await (const chunk of namingFile(file, decompress(file, source))) {
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
