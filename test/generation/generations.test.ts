import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Generation, NextConfig } from '../../src/generation/generation.ts'
import { startGenerations } from '../../src/generation/generations.ts'

test('all have ended only when the last request of each is over, whichever that is', async () => {
  const lastRequests = [0, 1, 2].map(() => Promise.withResolvers<void>())
  let made = 0
  const generations = startGenerations({} as NextConfig, () => {
    const last = lastRequests[made]
    made += 1
    return { retire: () => last?.promise } as Generation
  })
  for (let time = 0; time < 2; time += 1) generations.switchTo({} as NextConfig)
  let isOver = false
  const over = generations.retireAll().then(() => {
    isOver = true
  })
  for (const [index, left] of [
    [2, 2],
    [0, 1],
  ] as const) {
    lastRequests[index]?.resolve()
    await new Promise(setImmediate)
    assert.deepEqual([generations.size(), isOver], [left, false])
  }
  lastRequests[1]?.resolve()
  await over
  assert.equal(generations.size(), 0)
})
