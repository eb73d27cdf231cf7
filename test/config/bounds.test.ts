import assert from 'node:assert/strict'
import { test } from 'node:test'
import { configFaults } from './config-faults.ts'

test('a process takes no share of limits that is so small that callers would wait for ever', async () => {
  const pointersOf = async (localShare: number) => [
    ...(await configFaults({ gateway: { store: { localShare } } })).keys(),
  ]
  assert.deepEqual(await pointersOf(0.0001), [])
  for (const share of [0.00009, 5e-324, 0]) {
    assert.deepEqual(await pointersOf(share), ['/store/localShare'], String(share))
  }
})
