import assert from 'node:assert/strict'
import { test } from 'node:test'
import { tellOnce } from '../../src/generation/tell-once.ts'

function withCode(code: string): Error {
  return Object.assign(new Error('it fails'), { code })
}

function listen() {
  const told: unknown[] = []
  let nowMs = 0
  const tell = tellOnce(
    (error) => told.push(error),
    () => nowMs,
  )
  return {
    told,
    tell,
    later: (ms: number) => {
      nowMs += ms
    },
  }
}

test('a fault that goes on is told of once, and again after a minute without it', () => {
  const { told, tell, later } = listen()
  for (let second = 0; second < 120; second += 1) {
    tell(withCode('ENOSPC'))
    later(1_000)
  }
  assert.equal(told.length, 1)
  later(58_000)
  tell(withCode('ENOSPC'))
  assert.equal(told.length, 1)
  later(60_000)
  tell(withCode('ENOSPC'))
  assert.equal(told.length, 2)
})

test('another fault is told of too, by its code or else by its text', () => {
  const { told, tell } = listen()
  const faults = [withCode('ENOSPC'), withCode('EIO'), new Error('a'), new Error('b'), 'c']
  for (const fault of [...faults, ...faults]) tell(fault)
  assert.deepEqual(told, faults)
})
