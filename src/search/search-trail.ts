import { presentFiles } from '../verify/trail-files.ts'
import { type FoundRecord, type LineFilter, lineFilterOf, matches, type Query } from './query.ts'
import { readBlocks } from './read-blocks.ts'

/** Told from time to time how far a search has come, from 0 to 1. */
export type Progress = (done: number) => void

/**
 * Searches the files of a trail, one after the other, with no more than one block of lines in memory.
 * @param files oldest first
 * @throws {Error} when one cannot be read
 */
export async function* searchTrail(
  files: readonly string[],
  query: Query,
  onProgress: Progress,
): AsyncGenerator<FoundRecord> {
  const filter = lineFilterOf(query)
  let index = 0
  for (const file of presentFiles(files)) {
    for await (const { bytes, done } of readBlocks(file, query)) {
      for (const line of linesWith(bytes, filter)) {
        const record = readRecord(line)
        if (record !== undefined && matches(query, record)) yield record
      }
      onProgress(Math.min(1, (index + done) / files.length))
    }
    index += 1
  }
}

const lineFeed = 0x0a

/** The lines that pass a filter; without a filter, all lines. Looking for bytes is far cheaper than parsing. */
function* linesWith(bytes: Buffer, filter: LineFilter | undefined): Generator<Buffer> {
  let begin = 0
  while (begin < bytes.length) {
    if (filter !== undefined) {
      const at = bytes.indexOf(filter.needle, begin)
      if (at < 0) return
      begin = bytes.lastIndexOf(lineFeed, at) + 1
    }
    const feed = bytes.indexOf(lineFeed, begin)
    const end = feed < 0 ? bytes.length : feed
    const line = bytes.subarray(begin, end)
    if (filter?.mayMatch(line) !== false) yield line
    begin = end + 1
  }
}

/** Parses a record; undefined for a line that was cut off or that is not about a request. */
function readRecord(line: Buffer): FoundRecord | undefined {
  try {
    const record = JSON.parse(line.toString()) as FoundRecord
    return record.requestId === undefined ? undefined : record
  } catch {
    return undefined
  }
}
