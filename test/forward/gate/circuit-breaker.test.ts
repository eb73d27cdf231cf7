import assert from 'node:assert/strict'
import { beforeEach, describe, test } from 'node:test'
import {
  type CircuitBreaker,
  type CircuitState,
  openCircuitBreaker,
} from '../../../src/forward/gate/circuit-breaker.ts'

const rules = { failureShare: 0.5, minimumCalls: 4, windowMs: 1000, openMs: 500, probes: 2 }

let now: number
let states: CircuitState[]
let breaker: CircuitBreaker
beforeEach(() => {
  now = 10_000
  states = []
  breaker = openCircuitBreaker(
    rules,
    () => now,
    (state) => states.push(state),
  )
})

/** Makes calls that end at once. */
function call(...failed: readonly (boolean | undefined)[]): void {
  for (const hasFailed of failed) {
    const pass = breaker.admit()
    assert.ok(pass !== undefined)
    breaker.note(pass, hasFailed, now)
  }
}

describe('a closed circuit', () => {
  test('opens when the share of failures is reached, and not before there are enough calls', () => {
    call(true, true, true)
    assert.equal(breaker.state(), 'closed')
    call(true)
    assert.equal(breaker.state(), 'open')
    assert.equal(breaker.admit(), undefined)
  })

  test('stays closed below the share', () => {
    call(false, false, false, true, true)
    assert.equal(breaker.state(), 'closed')
    call(true)
    assert.equal(breaker.state(), 'open')
  })

  test('forgets what has left the window', () => {
    call(true, true)
    now += 1001
    call(true, true, false)
    assert.equal(breaker.state(), 'closed')
    now += 500
    call(true)
    assert.equal(breaker.state(), 'open')
  })

  test('forgets failures one after the other, as they leave the window', () => {
    call(true, true, true)
    now += 600
    call(false, false, false)
    now += 500
    call(true)
    assert.equal(breaker.state(), 'closed')
  })

  test('does not count calls that say nothing', () => {
    call(true, true, undefined, undefined, true)
    assert.equal(breaker.state(), 'closed')
    call(undefined, undefined, undefined, true)
    assert.equal(breaker.state(), 'open')
  })
})

describe('an open circuit', () => {
  beforeEach(() => call(true, true, true, true))

  test('says how long it stays open, and then lets a few calls through at once', () => {
    assert.equal(breaker.retryAfterMs(), 500)
    now += 499
    assert.equal(breaker.admit(), undefined)
    assert.equal(breaker.retryAfterMs(), 1)
    now += 1
    assert.ok(breaker.admit() !== undefined)
    assert.ok(breaker.admit() !== undefined)
    assert.equal(breaker.admit(), undefined)
    assert.deepEqual(states, ['open', 'half-open'])
  })

  test('is open no longer than it says, even if nobody calls', () => {
    now += 499
    assert.equal(breaker.state(), 'open')
    now += 1
    assert.equal(breaker.state(), 'half-open')
  })

  test('ignores the ends of calls that were made before', () => {
    const early = openCircuitBreaker(
      rules,
      () => now,
      () => {},
    )
    const passes = Array.from({ length: 6 }, () => early.admit() as number)
    for (const pass of passes.slice(0, 4)) early.note(pass, true, now)
    assert.equal(early.state(), 'open')
    early.note(passes[4] as number, false, now)
    assert.equal(early.state(), 'open')
    now += 500
    const probe = early.admit() as number
    early.note(passes[5] as number, true, now)
    assert.equal(early.state(), 'half-open')
    early.note(probe, false, now)
    early.note(early.admit() as number, false, now)
    assert.equal(early.state(), 'closed')
  })

  test('can be tried at once after a sign of success', () => {
    breaker.tryNow()
    call(false, false)
    assert.equal(breaker.state(), 'closed')
  })
})

describe('a half-open circuit', () => {
  beforeEach(() => {
    call(true, true, true, true)
    now += 500
  })

  test('closes when its calls went well, and counts anew', () => {
    call(false, false)
    assert.equal(breaker.state(), 'closed')
    call(true, true, true)
    assert.equal(breaker.state(), 'closed')
    call(true)
    assert.deepEqual(states, ['open', 'half-open', 'closed', 'open'])
  })

  test('lets no more calls through than it takes to close it', () => {
    call(false)
    const last = breaker.admit()
    assert.ok(last !== undefined)
    assert.equal(breaker.admit(), undefined)
    breaker.note(last, false, now)
    assert.equal(breaker.state(), 'closed')
  })

  test('opens again with the first that fails', () => {
    call(false, true)
    assert.equal(breaker.state(), 'open')
    assert.equal(breaker.retryAfterMs(), 500)
  })

  test('lets as many calls through each time that it is half-open', () => {
    call(false, true)
    now += 500
    call(false)
    assert.equal(breaker.state(), 'half-open')
    call(false)
    assert.equal(breaker.state(), 'closed')
    call(true, true, true, true)
    now += 500
    call(false, false)
    assert.equal(breaker.state(), 'closed')
  })

  test('allows another call in place of one that says nothing', () => {
    call(undefined, undefined, undefined)
    assert.equal(breaker.state(), 'half-open')
    call(false, false)
    assert.equal(breaker.state(), 'closed')
  })
})

test('new rules apply at once, and the state stays', () => {
  call(true, true, true)
  breaker.configure({ ...rules, minimumCalls: 2 })
  call(true)
  assert.equal(breaker.state(), 'closed', 'calls are counted anew')
  call(true)
  assert.equal(breaker.state(), 'open')
  breaker.configure(rules)
  assert.equal(breaker.state(), 'open')
})

test('a half-open circuit closes if new rules ask for no more calls than have succeeded', () => {
  call(true, true, true, true)
  now += 500
  call(false)
  breaker.configure({ ...rules, openMs: 1_000 })
  assert.equal(breaker.state(), 'half-open')
  breaker.configure({ ...rules, probes: 1 })
  assert.equal(breaker.state(), 'closed')
  call(false)
})
