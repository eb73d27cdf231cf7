import { parseJson } from '../syntax/parse-json.ts'
import { presentFiles } from '../verify/trail-files.ts'
import {
  candidatesOf,
  type FindCandidates,
  type FoundRecord,
  matches,
  type Query,
} from './query.ts'
import { readBlocks } from './read-blocks.ts'

/** Told from time to time how far a search has come, from 0 to 1. */
export type Progress = (done: number) => void

/**
 * Searches the files of a trail, one after the other, with no more than one block of lines in memory.
 * @param files oldest first
 * @param onUnreadable told of a file that cannot be read, or not to its end; the search goes on with the next one
 * @throws {Error} when one cannot be read, unless `onUnreadable` is given
 */
export async function* searchTrail(
  files: readonly string[],
  query: Query,
  onProgress: Progress,
  onUnreadable?: (error: Error) => void,
): AsyncGenerator<FoundRecord> {
  const findCandidates = candidatesOf(query)
  let index = 0
  for (const file of presentFiles(files)) {
    try {
      for await (const { bytes, done } of readBlocks(file, query)) {
        for (const line of candidateLines(bytes, findCandidates)) {
          const record = readRecord(line)
          if (record !== undefined && matches(query, record)) yield record
        }
        onProgress(Math.min(1, (index + done) / files.length))
      }
    } catch (error) {
      if (onUnreadable === undefined) throw error
      onUnreadable(error as Error)
    }
    index += 1
  }
}

const lineFeed = 0x0a

/** The lines that may match; all lines if nothing tells. Looking for bytes is far cheaper than parsing. */
function* candidateLines(
  bytes: Buffer,
  findCandidates: FindCandidates | undefined,
): Generator<Buffer> {
  const next = findCandidates?.(bytes)
  let begin = 0
  while (begin < bytes.length) {
    if (next !== undefined) {
      const at = next(begin)
      if (at >= bytes.length) return
      begin = bytes.lastIndexOf(lineFeed, at) + 1
    }
    const feed = bytes.indexOf(lineFeed, begin)
    const end = feed < 0 ? bytes.length : feed
    yield bytes.subarray(begin, end)
    begin = end + 1
  }
}

/** Parses a record; undefined for a line that was cut off or that is not about a request. */
function readRecord(line: Buffer): FoundRecord | undefined {
  const record = parseJson(line.toString()) as FoundRecord | null | undefined
  return record?.requestId === undefined ? undefined : record
}
