import assert from 'node:assert/strict'
import { test } from 'node:test'
import { asComparedByDatabase } from '../../src/syntax/database-text.ts'

// As MariaDB 10.11 answers for texts of the collation utf8mb4_general_ci: those of one line are equal, those of two
// lines are not.
const classes = [
  ['shirt-1', 'SHIRT-1', 'shirt-1   ', 'ßhirt-1', 'ſhırt-1', 'shîrt-1', 'ṥḩİṙṱ-1'],
  [' shirt-1'],
  ['shirt-1\0'],
  ['shi\u00adrt-1'],
  ['shi\u200drt-1'],
  ['shi\u0302rt-1'],
  ['schirt-1'],
  ['shirt-2'],
  ['ｓｈｉｒｔ－１', 'ＳＨＩＲＴ－１'],
  ['e', 'E', 'é', 'É', 'ě', 'ẽ', 'ệ'],
  ['e\u0301', 'E\u0301', 'é\u0301'],
  ['s', 'ß', 'ś', 'ſ', 'ẛ', 'ṩ'],
  ['ss', 'ßß', 'sß'],
  ['ẞ'],
  ['i', 'I', 'ı', 'İ', 'ï', 'ỉ'],
  ['u', 'ü', 'ǜ', 'ư', 'Ự'],
  ['o', 'Ô', 'ơ', 'ǭ'],
  ['ø', 'Ø', 'ǿ'],
  ['d', 'ď'],
  ['đ', 'Đ'],
  ['æ', 'Æ', 'ǽ'],
  ['ae'],
  ['œ', 'Œ'],
  ['ŉ'],
  ['ǆ', 'ǅ', 'Ǆ'],
  ['dž', 'DZ'],
  ['ẚ'],
  ['a', 'å', 'ặ'],
  ['ª'],
  ['σασ', 'Σας', 'ΣΑΣ', 'ϲάϲ', 'Σᾷς'],
  ['σας.', 'ΣΑΣ.'],
  ['ι', 'Ι', 'ί', 'ΐ', 'ῗ', '\u0345', '\u1fbe'],
  ['μ', 'Μ', '\u00b5'],
  ['θ', 'ϑ', 'Θ'],
  ['υ', 'Υ', 'ύ', 'ΰ', 'ῧ'],
  ['ϒ', 'ϔ'],
  ['ω', 'Ώ', 'ᾧ', 'ᾯ'],
  ['и', 'И', 'ѝ', 'ӣ'],
  ['й', 'Й'],
  ['е', 'ё', 'Ё', 'ѐ'],
  ['ә', 'ӛ'],
  ['ա', 'Ա'],
  ['ⅳ', 'Ⅳ'],
  ['iv'],
  ['ⓐ', 'Ⓐ'],
  ['カラス'],
  ['ガラス'],
  ['カ\u3099ラス'],
  ['ｶﾗｽ'],
  ['각'],
  ['\u1100\u1161\u11a8'],
  ['กี'],
  ['กิ'],
  ['ก'],
  ['का'],
  ['कि'],
  ['क'],
  ['כ'],
  ['כּ'],
  ['ﻻ'],
  ['لا'],
  ['m2'],
  ['m²'],
  ['1/2'],
  ['½'],
  ['①'],
  ['1'],
  ['a😀', 'A😎', 'a\ufffd'],
] as const

test('texts are alike that the database of Magento takes for equal', () => {
  for (const texts of classes) {
    assert.deepEqual(
      [...new Set(texts.map(asComparedByDatabase))],
      [asComparedByDatabase(texts[0])],
    )
  }
})

test('texts are different that the database tells apart', () => {
  const firstOf = new Map<string, string>()
  for (const [text] of classes) {
    const compared = asComparedByDatabase(text)
    assert.equal(firstOf.get(compared), undefined, text)
    firstOf.set(compared, text)
  }
})
