import assert from 'node:assert/strict'
import { test } from 'node:test'
import { memoryNonces } from '../../src/store/memory-nonces.ts'
import { testClock } from '../support/services.ts'

test('a nonce is fresh once within its life, and again after it', () => {
  const clock = testClock()
  const use = memoryNonces(10, clock)
  assert.equal(use('a', 'a', 1000), 'fresh')
  assert.equal(use('a', 'a', 1000), 'seen')
  clock.advance(999)
  assert.equal(use('a', 'a', 1000), 'seen')
  clock.advance(1)
  assert.equal(use('a', 'a', 1000), 'fresh')
})

test('a full memory refuses new nonces, and forgets none before its time', () => {
  const clock = testClock()
  const use = memoryNonces(5, clock)
  assert.equal(use('b', 'of another', 5000), 'fresh')
  assert.equal(use('a', 'long', 5000), 'fresh')
  assert.equal(use('a', 'short', 1000), 'fresh')
  assert.equal(use('a', 'other', 5000), 'fresh')
  assert.equal(use('a', 'new', 1000), 'full')
  assert.equal(use('a', 'long', 1000), 'seen')
  clock.advance(1000)
  assert.equal(use('a', 'new', 1000), 'fresh')
  assert.equal(use('a', 'long', 1000), 'seen')
})

test('a nonce whose life has ended makes room at once', () => {
  const clock = testClock()
  const use = memoryNonces(3, clock)
  assert.equal(use('b', 'of another', 900), 'fresh')
  assert.equal(use('a', 'first', 500), 'fresh')
  assert.equal(use('a', 'second', 900), 'fresh')
  assert.equal(use('a', 'third', 500), 'full')
  clock.advance(500)
  assert.equal(use('a', 'third', 500), 'fresh')
  assert.equal(use('a', 'second', 900), 'seen')
})

test('takes new nonces for as long as it runs, however many have come to their end', () => {
  const clock = testClock()
  const use = memoryNonces(4000, clock)
  for (let round = 0; round < 4; round += 1) {
    for (let index = 0; index < 2000; index += 1) {
      assert.equal(use('a', `${round}/${index}`, 1000), 'fresh')
    }
    assert.equal(use('a', `${round}/0`, 1000), 'seen')
    clock.advance(1000)
  }
})

test('nonces of one integration leave room for those of others', () => {
  const clock = testClock()
  const use = memoryNonces(100, clock)
  const useUntilFull = (owner: string) => {
    let used = 0
    while (use(owner, `${owner}/${used}`, 1000) === 'fresh') used += 1
    return used
  }
  assert.equal(useUntilFull('greedy'), 75)
  assert.equal(useUntilFull('other'), 25)
  clock.advance(1000)
  assert.equal(useUntilFull('greedy'), 75)
})

test('of many nonces those that have ended before older ones are found, a thousand at a time', () => {
  const clock = testClock()
  const use = memoryNonces(6000, clock)
  for (let index = 0; index < 4500; index += 1) {
    const ttlMs = index >= 2500 ? 1000 : 9000
    assert.equal(use('a', `${index}`, ttlMs), 'fresh')
  }
  clock.advance(1000)
  let refused = 0
  while (use('a', 'new', 1000) === 'full') refused += 1
  assert.equal(refused, 2)
  assert.equal(use('a', '0', 1000), 'seen')
})

test('what has ended does not pile up behind a nonce that is remembered for long', () => {
  const clock = testClock()
  const use = memoryNonces(4000, clock)
  assert.equal(use('b', 'long', 3_600_000), 'fresh')
  let used = 0
  for (let round = 0; round < 10; round += 1) {
    let refused = 0
    while (use('a', `${used}`, 1000) === 'full') refused += 1
    assert.ok(refused < 4, `${refused} were refused, as if there were more than 4000 to look at`)
    while (use('a', `${used}`, 1000) !== 'full') used += 1
    clock.advance(1000)
  }
  assert.equal(use('b', 'long', 1000), 'seen')
})

test('makes room for all that have expired, also behind one that has left the front', () => {
  let nowMs = 0
  const use = memoryNonces(4, () => nowMs)
  use('one', 'n', 1)
  use('two', 'n', 100)
  use('three', 'n', 5)
  use('four', 'n', 100)
  nowMs = 2
  assert.equal(use('five', 'n', 3), 'fresh')
  assert.equal(use('six', 'n', 100), 'full')
  nowMs = 6
  assert.equal(use('six', 'n', 100), 'fresh')
  assert.equal(use('seven', 'n', 100), 'fresh')
  assert.equal(use('eight', 'n', 100), 'full')
})

test('counts each nonce for its owner for as long as it is remembered, however many there were before', () => {
  let nowMs = 0
  const use = memoryNonces(4_000, () => nowMs)
  const useMany = (owner: string, count: number) => {
    for (let nonce = 0; nonce < count; nonce += 1) use(owner, `${nowMs} ${nonce}`, 1)
  }
  for (const owner of ['a', 'b']) {
    useMany(owner, 1_500)
    nowMs += 2
  }
  useMany('c', 3_000)
  assert.equal(use('c', 'one more', 1), 'full')
  assert.equal(use('b', 'one more', 1), 'fresh')
})

test('a nonce that is used again after its life counts once, also behind one that is remembered for long', () => {
  let nowMs = 0
  const use = memoryNonces(8, () => nowMs)
  use('front', 'n', 100)
  use('a', 'again', 1)
  nowMs = 2
  assert.equal(use('a', 'again', 1), 'fresh')
  nowMs = 200
  for (const owner of ['b', 'c', 'd', 'e']) use(owner, 'n', 100)
  for (const nonce of ['1', '2', '3']) assert.equal(use('a', nonce, 100), 'fresh')
  assert.equal(use('a', '4', 100), 'full')
})
