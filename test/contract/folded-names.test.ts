import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { foldName, foldsTo } from '../../src/contract/folded-names.ts'

test('a name folds to another one exactly where folding it gives that', () => {
  const sign = fc.constantFrom(...'skSK__-0@[', 'İ', 'K', 'Σ', 'é', '\u0307', '\ud800')
  const name = fc.array(sign, { maxLength: 4 }).map((signs) => signs.join(''))
  const property = fc.property(name, name, (one, other) => {
    for (const folded of [foldName(one), foldName(other)]) {
      assert.equal(foldsTo(one, folded), foldName(one) === folded)
    }
  })
  fc.assert(property, { numRuns: 2_000 })
})
