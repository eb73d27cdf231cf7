import assert from 'node:assert/strict'
import { test } from 'node:test'
import { memoryNonces } from '../../src/store/memory-nonces.ts'
import { testClock } from '../support/services.ts'

test('a nonce is fresh once within its life, and again after it', () => {
  const clock = testClock()
  const nonces = memoryNonces(10, clock)
  assert.equal(nonces.use('a', 1000), 'fresh')
  assert.equal(nonces.use('a', 1000), 'seen')
  clock.advance(999)
  assert.equal(nonces.use('a', 1000), 'seen')
  clock.advance(1)
  assert.equal(nonces.use('a', 1000), 'fresh')
})

test('a full memory refuses new nonces, and forgets none before its time', () => {
  const clock = testClock()
  const nonces = memoryNonces(3, clock)
  assert.equal(nonces.use('long', 5000), 'fresh')
  assert.equal(nonces.use('short', 1000), 'fresh')
  assert.equal(nonces.use('other', 5000), 'fresh')
  assert.equal(nonces.use('new', 1000), 'full')
  assert.equal(nonces.use('long', 1000), 'seen')
  clock.advance(1000)
  assert.equal(nonces.use('new', 1000), 'fresh')
  assert.equal(nonces.use('long', 1000), 'seen')
})

test('a nonce whose life has ended makes room at once', () => {
  const clock = testClock()
  const nonces = memoryNonces(2, clock)
  assert.equal(nonces.use('first', 500), 'fresh')
  assert.equal(nonces.use('second', 900), 'fresh')
  assert.equal(nonces.use('third', 500), 'full')
  clock.advance(500)
  assert.equal(nonces.use('third', 500), 'fresh')
  assert.equal(nonces.use('second', 900), 'seen')
})

test('takes new nonces for as long as it runs, however many have come to their end', () => {
  const clock = testClock()
  const nonces = memoryNonces(2500, clock)
  for (let round = 0; round < 4; round += 1) {
    for (let index = 0; index < 2000; index += 1) {
      assert.equal(nonces.use(`${round}/${index}`, 1000), 'fresh')
    }
    assert.equal(nonces.use(`${round}/0`, 1000), 'seen')
    clock.advance(1000)
  }
})
