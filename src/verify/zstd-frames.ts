import { zstdDecompressSync } from 'node:zlib'

/*
 * A compressed segment consists of many frames in a row. Node 24 silently stops after the first one, so the frames are
 * separated here (RFC 8878, section 3.1.1) and decompressed one by one.
 */

const frameMagic = 0xfd2fb528
const skippableMagic = 0x184d2a50
const dictionaryIdBytes = [0, 1, 2, 4] as const
const contentSizeBytes = [0, 2, 4, 8] as const
const blockTypes = { rle: 1, reserved: 3 } as const

/**
 * Decompresses a stream frame by frame.
 * @throws {Error} when it is not zstd, or ends within a frame
 */
export async function* decompressFrames(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let chunks: Buffer[] = []
  let length = 0
  let needed = 1
  for await (const chunk of source) {
    chunks.push(chunk)
    length += chunk.length
    if (length < needed) continue
    let rest = chunks.length === 1 ? chunk : Buffer.concat(chunks)
    for (;;) {
      const end = frameEnd(rest)
      if (end === undefined || end > rest.length) {
        // Wait for the known length, or else for twice as much, so that long frames are not concatenated too often.
        needed = end ?? rest.length * 2
        break
      }
      const content = zstdDecompressSync(rest.subarray(0, end))
      if (content.length > 0) yield content
      rest = rest.subarray(end)
      needed = 1
      if (rest.length === 0) break
    }
    chunks = rest.length === 0 ? [] : [rest]
    length = rest.length
  }
  const rest = Buffer.concat(chunks)
  for (let at = 0; at < rest.length; ) {
    const end = frameEnd(rest.subarray(at))
    if (end === undefined || at + end > rest.length) throw new Error('the file ends within a frame')
    yield zstdDecompressSync(rest.subarray(at, at + end))
    at += end
  }
}

/** The length of the frame at the beginning of some bytes; undefined if there are too few of them to tell. */
function frameEnd(bytes: Buffer): number | undefined {
  if (bytes.length < 8) return undefined
  const magic = bytes.readUInt32LE(0)
  if ((magic & 0xfffffff0) >>> 0 === skippableMagic) return 8 + bytes.readUInt32LE(4)
  if (magic !== frameMagic) throw new Error('the file is not compressed with zstd')
  const descriptor = bytes[4] as number
  const hasChecksum = (descriptor & 0x04) !== 0
  let at = 5 + headerLength(descriptor)
  for (;;) {
    if (bytes.length < at + 3) return undefined
    const header = bytes.readUIntLE(at, 3)
    const type = (header >>> 1) & 3
    if (type === blockTypes.reserved) throw new Error('the file has a broken frame')
    at += 3 + (type === blockTypes.rle ? 1 : header >>> 3)
    if ((header & 1) === 1) return at + (hasChecksum ? 4 : 0)
  }
}

/** Section 3.1.1.1: the descriptor determines which fields follow it. */
function headerLength(descriptor: number): number {
  const isSingleSegment = (descriptor & 0x20) !== 0
  const contentSize = contentSizeBytes[(descriptor >>> 6) as 0 | 1 | 2 | 3]
  const dictionaryId = dictionaryIdBytes[(descriptor & 3) as 0 | 1 | 2 | 3]
  const window = isSingleSegment ? 0 : 1
  return window + dictionaryId + (contentSize === 0 && isSingleSegment ? 1 : contentSize)
}
