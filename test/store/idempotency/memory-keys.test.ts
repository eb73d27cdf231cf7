import assert from 'node:assert/strict'
import { test } from 'node:test'
import { memoryKeys } from '../../../src/store/idempotency/memory-keys.ts'
import { testClock } from '../../support/services.ts'

test('takes no key when it is full, forgets one in time, and keeps no answer without room', async () => {
  const clock = testClock()
  const takeKey = memoryKeys(2_000, clock)
  const begin = (owner: string) => takeKey(owner, 'k', 'f', 1_000)
  const taken = await begin('a')
  assert.ok(taken.state === 'fresh')
  for (const owner of ['b', 'c']) assert.equal((await begin(owner)).state, 'fresh')
  assert.deepEqual(await begin('d'), { state: 'unavailable' })
  const kept = { status: 200, contentType: 'application/json', body: Buffer.alloc(1_000) }
  await taken.finish(kept)
  assert.deepEqual(await begin('a'), { state: 'over', fingerprint: 'f', answer: 'not kept' })
  clock.advance(1_001)
  for (const owner of ['d', 'e', 'f']) assert.equal((await begin(owner)).state, 'fresh')
})

test('keeps no more than the body of an answer, whatever that is a slice of', async () => {
  const takeKey = memoryKeys(100_000, testClock())
  const body = Buffer.alloc(1_000, 'a').subarray(0, 2)
  const taken = await takeKey('a', 'k', 'f', 1_000)
  assert.ok(taken.state === 'fresh')
  await taken.finish({ status: 200, contentType: 'text/plain', body })
  const known = await takeKey('a', 'k', 'f', 1_000)
  assert.ok(known.state === 'over' && typeof known.answer === 'object' && 'body' in known.answer)
  assert.deepEqual(known.answer.body, body)
  assert.equal(known.answer.body.buffer.byteLength, 2)
})

test('an integration with many keys or long answers leaves memory for the keys of others', async () => {
  const takeKey = memoryKeys(100_000, testClock())
  const kept = { status: 200, contentType: 'application/json', body: Buffer.alloc(10_000) }
  const states = new Set<string>()
  for (let number = 0; number < 20; number += 1) {
    const taken = await takeKey('greedy', `k${number}`, 'f', 1_000)
    states.add(taken.state)
    if (taken.state === 'fresh') await taken.finish(kept)
  }
  assert.deepEqual([...states], ['fresh', 'unavailable'])
  const honest = await takeKey('honest', 'k0', 'f', 1_000)
  assert.ok(honest.state === 'fresh')
  await honest.finish(kept)
  const repeated = await takeKey('honest', 'k0', 'f', 1_000)
  assert.deepEqual(repeated, { state: 'over', fingerprint: 'f', answer: kept })
})
