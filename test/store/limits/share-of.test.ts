import assert from 'node:assert/strict'
import { test } from 'node:test'
import { shareOf } from '../../../src/store/limits/share-of.ts'
import { concurrencyOf, quotaOf, rateOf } from '../../support/limits.ts'

test('the share of a small limit lets one request through, and none is larger than the limit', () => {
  for (const share of [0.1, 0.5, 1]) {
    for (const limit of [quotaOf(1, 'day'), concurrencyOf(1)]) {
      assert.equal(shareOf(limit, share).count, 1)
    }
    const rate = shareOf(rateOf(3, 1, 1), share)
    assert.deepEqual([rate.count, 'burst' in rate && rate.burst], [3 * share, 1])
    assert.equal(shareOf(quotaOf(10, 'day'), share).count, 10 * share)
  }
})
