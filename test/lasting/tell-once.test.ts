import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { tellOnce } from '../../src/lasting/tell-once.ts'

function withCode(code: string): Error {
  return Object.assign(new Error('it fails'), { code })
}

/** Collects what is told; a minute passes only where a test lets it. */
function listen(t: TestContext, isGoingOn?: () => boolean) {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const told: unknown[] = []
  const tell = tellOnce((error) => told.push(error), {
    onEnd: () => told.push('over'),
    ...(isGoingOn && { isGoingOn }),
  })
  return { told, tell, later: (ms: number) => t.mock.timers.tick(ms) }
}

test('a fault that goes on is told of once, its end after a minute without it, and then it is told of again', (t) => {
  const { told, tell, later } = listen(t)
  const fault = withCode('ENOSPC')
  for (let second = 0; second < 120; second += 1) {
    tell(fault)
    later(1_000)
  }
  later(58_999)
  assert.deepEqual(told, [fault])
  later(1)
  assert.deepEqual(told, [fault, 'over'])
  tell(fault)
  later(60_000)
  assert.deepEqual(told, [fault, 'over', fault, 'over'])
  later(600_000)
  assert.equal(told.length, 4)
})

test('a fault that occurs once and goes on has no end until it is over', (t) => {
  let isGoingOn = true
  const { told, tell, later } = listen(t, () => isGoingOn)
  tell('stalled')
  later(600_000)
  assert.deepEqual(told, ['stalled'])
  isGoingOn = false
  later(60_000)
  assert.deepEqual(told, ['stalled', 'over'])
})

test('a fault that is back after a minute without it is told of again, though another one went on meanwhile', (t) => {
  const { told, tell, later } = listen(t)
  const [trail, copies] = [withCode('ENOSPC'), new Error('checkpoints do not arrive')]
  tell(trail)
  for (let second = 0; second < 60; second += 5) {
    tell(copies)
    later(5_000)
  }
  tell(trail)
  assert.deepEqual(told, [trail, copies, trail])
  later(60_000)
  assert.deepEqual(told, [trail, copies, trail, 'over'])
})

test('no more than a hundred faults are remembered', (t) => {
  const { told, tell, later } = listen(t)
  for (let fault = 0; fault <= 100; fault += 1) tell(new Error(`defect ${fault}`))
  tell(new Error('defect 0'))
  assert.equal(told.length, 102)
  later(600_000)
  assert.deepEqual(told.slice(102), ['over'])
})

test('another fault is told of too, by its code or else by its text', (t) => {
  const { told, tell } = listen(t)
  const faults = [withCode('ENOSPC'), withCode('EIO'), new Error('a'), new Error('b'), 'c']
  for (const fault of [...faults, ...faults]) tell(fault)
  assert.deepEqual(told, faults)
})
