import assert from 'node:assert/strict'
import { test } from 'node:test'
import { configFaults } from './config-faults.ts'

test('no body or text may be so long that it could not be read or recorded', async () => {
  const pointersOf = async (bytes: number) => [
    ...(
      await configFaults({
        gateway: { limits: { bodyBytes: bytes, bodyMemoryMiB: 1_024, textLength: bytes } },
      })
    ).keys(),
  ]
  assert.deepEqual(await pointersOf(268_435_456), [])
  assert.deepEqual(await pointersOf(268_435_457), ['/limits/bodyBytes', '/limits/textLength'])
})

test('a process takes no share of limits that is so small that callers would wait for ever', async () => {
  const pointersOf = async (localShare: number) => [
    ...(await configFaults({ gateway: { store: { localShare } } })).keys(),
  ]
  assert.deepEqual(await pointersOf(0.0001), [])
  for (const share of [0.00009, 5e-324, 0]) {
    assert.deepEqual(await pointersOf(share), ['/store/localShare'], String(share))
  }
})
