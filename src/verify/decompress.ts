import { Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { decompressFrames } from './zstd-frames.ts'

const chunkSize = 1_048_576

/** The content of a file of a trail, decompressed if its name ends in `.gz` or `.zst`. */
export function decompress(file: string, source: Readable): Readable {
  if (file.endsWith('.zst')) return Readable.from(decompressFrames(source))
  if (!file.endsWith('.gz')) return source
  const decompressor = createGunzip({ chunkSize })
  source.on('error', (error) => decompressor.destroy(error))
  return source.pipe(decompressor)
}
