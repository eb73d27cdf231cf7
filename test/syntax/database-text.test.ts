import assert from 'node:assert/strict'
import { test } from 'node:test'
import { asComparedByDatabase } from '../../src/syntax/database-text.ts'

// As MariaDB 10.11 answers for texts of the collation utf8mb4_general_ci.
const alike = [
  ['SHIRT-1', 'shirt-1', 'shirt-1   ', 'ßhirt-1', 'ſhırt-1', 'shîrt-1'],
  ['Σας', 'σασ', 'ΣΑΣ'],
  ['ι', '\u0345', 'Ι'],
  ['a😀', 'A😎', 'a\ufffd'],
] as const

test('texts are alike that the database of Magento takes for equal', () => {
  for (const texts of alike) {
    assert.deepEqual(
      [...new Set(texts.map(asComparedByDatabase))],
      [asComparedByDatabase(texts[0])],
    )
  }
})

test('texts are different that the database tells apart', () => {
  const texts = ['shirt-1', ' shirt-1', 'shirt-2', 'schirt-1', 'øre', 'ore', 'đ', 'd', 'a😀', 'a']
  assert.equal(new Set(texts.map(asComparedByDatabase)).size, texts.length)
})
