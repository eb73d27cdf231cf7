import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { chainLines, genesis } from '../../../src/record/trail/chain.ts'
import { headsAfter, readFileEnd } from '../../../src/record/trail/file-end.ts'
import { temporaryFolder } from '../../support/shared.ts'

test('of a file of any length, the heads after a line are all that follow it', async () => {
  const folder = await temporaryFolder()
  const jsons = Array.from({ length: 300 }, (_, n) => JSON.stringify({ n, filler: 'x'.repeat(n) }))
  const { lines, heads } = chainLines(jsons, genesis)
  const text = lines.join('')
  const half = lines.slice(0, 150).join('').length
  const frames = [text.slice(0, half), text.slice(half)].map((part) => zstdCompressSync(part))
  for (const [name, bytes] of [
    ['plain', text],
    ['compressed.gz', gzipSync(text)],
    ['compressed.zst', Buffer.concat(frames)],
  ] as const) {
    const file = join(folder, name)
    await writeFile(file, bytes)
    const opened = () => readdirSync('/proc/self/fd').length
    const openedBefore = opened()
    for (let seq = 0; seq <= heads.length; seq += 1) {
      assert.deepEqual(headsAfter(file, seq), heads.slice(seq), `${name} ${seq}`)
    }
    assert.equal(opened(), openedBefore)
  }
})

test('a compressed file that is damaged is named in the error', async () => {
  const folder = await temporaryFolder()
  for (const [name, compress] of [
    ['damaged.gz', gzipSync],
    ['damaged.zst', zstdCompressSync],
  ] as const) {
    const file = join(folder, name)
    await writeFile(file, compress('{}'.repeat(100)).subarray(0, -1))
    assert.throws(
      () => readFileEnd(file),
      (error: Error) =>
        error.name === 'DecompressionError' &&
        error.message.startsWith(`${file} cannot be decompressed: `),
    )
  }
})
