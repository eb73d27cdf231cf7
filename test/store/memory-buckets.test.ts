import assert from 'node:assert/strict'
import { test } from 'node:test'
import { memoryBuckets } from '../../src/store/memory-buckets.ts'
import { testClock } from '../support/services.ts'

const limit = { ratePerSecond: 1, burst: 1 }

test('never remembers more buckets than it may', () => {
  const buckets = memoryBuckets(100, testClock())
  for (let index = 0; index < 10_000; index += 1) {
    buckets.take(`key-${index}`, limit)
    assert.ok(buckets.size() <= 100)
  }
})

test('remembers the keys that were used last, half as many as it may', () => {
  const buckets = memoryBuckets(100, testClock())
  for (let index = 0; index < 10_000; index += 1) buckets.take(`key-${index}`, limit)
  for (let index = 9_950; index < 10_000; index += 1) {
    assert.equal(buckets.take(`key-${index}`, limit).isAllowed, false)
  }
})

test('remembers a key as long as it keeps asking, also while it is refused', () => {
  const buckets = memoryBuckets(10, testClock())
  buckets.take('stubborn', limit)
  for (let index = 0; index < 1_000; index += 1) {
    buckets.take(`key-${index}`, limit)
    assert.equal(buckets.take('stubborn', limit).isAllowed, false)
  }
})
