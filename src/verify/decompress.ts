import type { Readable } from 'node:stream'
import { createGunzip, createZstdDecompress } from 'node:zlib'

const chunkSize = 1_048_576

/** The content of a file of a trail: of one that ends in `.gz` or `.zst` decompressed. */
export function decompress(file: string, source: Readable): Readable {
  const decompressor = file.endsWith('.gz')
    ? createGunzip({ chunkSize })
    : file.endsWith('.zst')
      ? createZstdDecompress({ chunkSize })
      : undefined
  if (decompressor === undefined) return source
  source.on('error', (error) => decompressor.destroy(error))
  return source.pipe(decompressor)
}
