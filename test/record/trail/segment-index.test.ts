import assert from 'node:assert/strict'
import { test } from 'node:test'
import { collectGarbage } from '../../../src/cli/collect-garbage.ts'
import { indexBuilder, readIndex } from '../../../src/record/trail/segment-index.ts'

/** As many as a record of a bulk request may have. */
const skusOfRecord = 10_000
const records = 20

async function usedBytes(): Promise<number> {
  await collectGarbage()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

test('records of bulk requests take a few bytes of memory for each SKU until they are indexed', async () => {
  const index = indexBuilder()
  const before = await usedBytes()
  for (let record = 0; record < records; record += 1) {
    const skus = Array.from({ length: skusOfRecord }, (_, n) => `sku-${record}-${n}`)
    index.addLine({ time: '2026-01-15T09:30:00.000Z', skus })
    index.endBlock(record * 100, 100)
  }
  const bytesOfSku = ((await usedBytes()) - before) / (records * skusOfRecord)
  assert.ok(bytesOfSku < 8, `${bytesOfSku} bytes`)
  const read = readIndex(index.bytes()) ?? assert.fail()
  assert.equal(read.blocks.length, records)
  for (let record = 0; record < records; record += 1) {
    for (const n of [0, 1, skusOfRecord - 1]) {
      assert.ok(read.blocksWith('skus', `sku-${record}-${n}`).has(record))
    }
  }
})
