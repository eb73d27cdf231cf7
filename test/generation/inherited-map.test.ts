import assert from 'node:assert/strict'
import { test } from 'node:test'
import { collectGarbage } from '../../src/cli/collect-garbage.ts'
import { inheritFrom } from '../../src/generation/inherited-map.ts'

test('a piece that the next generation does not need is kept no longer than the one before', async () => {
  let before: ReadonlyMap<string, object> | undefined = new Map([
    ['removed', { tokens: 1 }],
    ['needed', { tokens: 2 }],
  ])
  const removed = new WeakRef(before.get('removed') ?? {})
  const next = inheritFrom(before, (name) => name === 'needed')
  before = undefined
  await collectGarbage()
  assert.equal(removed.deref(), undefined)
  assert.deepEqual(next.take('needed', assert.fail), { tokens: 2 })
  assert.deepEqual(
    next.take('removed', () => ({ tokens: 0 })),
    { tokens: 0 },
  )
})
