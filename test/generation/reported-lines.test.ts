import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inheritFrom } from '../../src/generation/inherited-map.ts'
import { boundLines } from '../../src/generation/reported-lines.ts'
import type { MemoryBuckets } from '../../src/store/memory-buckets.ts'
import { testClock } from '../support/services.ts'

test('an integration whose every request is reported writes 600 lines, and then one a second', () => {
  const clock = testClock()
  const buckets = inheritFrom<MemoryBuckets>(undefined, () => true)
  const mayTell = boundLines(buckets, clock)
  const told = (integration: string) =>
    Array.from({ length: 1_000 }, () => mayTell(integration)).filter((isTold) => isTold).length
  assert.equal(told('noisy'), 600)
  assert.equal(told('other'), 600)
  clock.advance(3_000)
  assert.equal(told('noisy'), 3)
  const afterReload = boundLines(
    inheritFrom(buckets.own, () => true),
    clock,
  )
  assert.equal(afterReload('noisy'), false)
})
