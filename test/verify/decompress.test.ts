import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { describe, test } from 'node:test'
import { constants, zstdCompressSync } from 'node:zlib'
import { decompress } from '../../src/verify/decompress.ts'

function read(bytes: Buffer, chunkBytes: number): Promise<Buffer> {
  const chunks = Array.from({ length: Math.ceil(bytes.length / chunkBytes) }, (_, index) =>
    bytes.subarray(index * chunkBytes, (index + 1) * chunkBytes),
  )
  return buffer(decompress('trail.zst', Readable.from(chunks)))
}

const contents = [
  Buffer.from('one\n'),
  Buffer.alloc(0),
  Buffer.alloc(300_000, 'ab'),
  randomBytes(200_000),
  Buffer.alloc(70_000),
]

describe('all frames of a file are decompressed, in whatever pieces they come', () => {
  for (const checksum of [0, 1]) {
    const params = { [constants.ZSTD_c_checksumFlag]: checksum }
    const file = Buffer.concat(contents.map((content) => zstdCompressSync(content, { params })))
    for (const chunkBytes of [7, 1_000, 65_536, file.length]) {
      test(`checksum ${checksum}, pieces of ${chunkBytes}`, async () => {
        assert.deepEqual(await read(file, chunkBytes), Buffer.concat(contents))
      })
    }
  }
})

test('skippable frames are skipped', async () => {
  const skippable = Buffer.from([0x53, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3])
  const file = Buffer.concat([skippable, zstdCompressSync(Buffer.from('one'))])
  assert.equal((await read(file, 4)).toString(), 'one')
})

test('a file that ends within a frame, or is not compressed, is an error', async () => {
  const file = zstdCompressSync(Buffer.from('one two three'))
  await assert.rejects(read(file.subarray(0, -3), 5), /ends within a frame/)
  await assert.rejects(read(Buffer.from('{"not":"zstd"}'), 100), /not compressed with zstd/)
})
