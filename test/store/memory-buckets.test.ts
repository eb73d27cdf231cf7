import assert from 'node:assert/strict'
import { test } from 'node:test'
import { memoryBuckets } from '../../src/store/memory-buckets.ts'
import { testClock } from '../support/services.ts'

const limit = { ratePerSecond: 1, burst: 1 }

test('never remembers more buckets than it may', () => {
  const buckets = memoryBuckets(100, testClock())
  for (let index = 0; index < 10_000; index += 1) buckets.take(`key-${index}`, limit)
  assert.equal(buckets.size(), 100)
})

test('forgets full buckets before those in use', () => {
  const clock = testClock()
  const buckets = memoryBuckets(3, clock)
  for (const key of ['a', 'b', 'c']) buckets.take(key, limit)
  clock.advance(900)
  assert.equal(buckets.take('a', { ratePerSecond: 1, burst: 2 }).isAllowed, true)
  clock.advance(200)
  buckets.take('d', limit)
  assert.equal(buckets.size(), 2)
  assert.equal(buckets.take('a', limit).isAllowed, false)
})

test('keeps the bucket that was used last when none is full', () => {
  const buckets = memoryBuckets(2, testClock())
  for (const key of ['a', 'b', 'c']) buckets.take(key, limit)
  assert.equal(buckets.take('c', limit).isAllowed, false)
  assert.equal(buckets.take('b', limit).isAllowed, false)
})
