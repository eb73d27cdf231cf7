import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ownerLanes } from '../../src/callbacks/owner-lanes.ts'
import { testClock } from '../support/services.ts'

/** Lanes on a clock that nobody sets. */
function lanesOn(clock: () => number) {
  return ownerLanes(clock, clock)
}

describe('the lanes of an integration', () => {
  test('are as many as it may have, whatever others do', () => {
    const lanes = lanesOn(testClock())
    const leave = lanes.enter('acme', 2)
    assert.ok(leave)
    assert.ok(lanes.enter('acme', 2))
    assert.equal(lanes.enter('acme', 2), undefined)
    assert.ok(lanes.enter('globex', 1))
    leave()
    assert.ok(lanes.enter('acme', 2))
    assert.equal(lanes.enter('acme', 2), undefined)
  })

  test('become more and fewer with the configuration', () => {
    const lanes = lanesOn(testClock())
    assert.ok(lanes.enter('acme', 1))
    assert.ok(lanes.enter('acme', 2))
    assert.equal(lanes.enter('acme', 1), undefined)
  })
})

describe('turns of those that found no lane', () => {
  test('come one after the other, as far apart as lanes become free', () => {
    const clock = testClock()
    const lanes = lanesOn(clock)
    for (let sent = 0; sent < 50; sent += 1) {
      const leave = lanes.enter('acme', 2)
      clock.advance(1_000)
      leave?.()
    }
    const turns = Array.from({ length: 5 }, () => lanes.nextTurnMs('acme', 2) - clock())
    for (const [index, turn] of turns.entries()) {
      assert.ok(Math.abs(turn - (20 + 500 * (index + 1))) <= 2, String(turns))
    }
  })

  test('are hardly put off by a single sending that takes longer or shorter than usual', () => {
    const clock = testClock()
    const lanes = lanesOn(clock)
    for (let sent = 0; sent < 50; sent += 1) {
      const leave = lanes.enter('acme', 1)
      clock.advance(1_000)
      leave?.()
    }
    lanes.enter('acme', 1)?.()
    assert.ok(Math.abs(lanes.nextTurnMs('acme', 1) - clock() - 770) <= 2)
  })

  test('are whole milliseconds, since queues store no others', () => {
    const lanes = lanesOn(testClock())
    for (let waiting = 0; waiting < 3; waiting += 1) {
      const turn = lanes.nextTurnMs('acme', 3)
      assert.ok(Number.isInteger(turn), String(turn))
    }
  })

  for (const [set, byMs] of [
    ['back', -600_000],
    ['ahead', 600_000],
  ] as const) {
    test(`are as far apart as before where the clock was set ${set} during a sending`, () => {
      const [clock, monotonicClock] = [testClock(), testClock()]
      const lanes = ownerLanes(clock, monotonicClock)
      const leave = lanes.enter('acme', 1)
      clock.advance(byMs)
      monotonicClock.advance(20)
      leave?.()
      assert.equal(lanes.nextTurnMs('acme', 1) - clock(), 40)
    })
  }

  test('come within half a minute, however long a receiver takes and however many wait', () => {
    const clock = testClock()
    const lanes = lanesOn(clock)
    for (let sent = 0; sent < 50; sent += 1) {
      const leave = lanes.enter('acme', 1)
      clock.advance(20_000)
      leave?.()
    }
    for (let waiting = 0; waiting < 1_000; waiting += 1) {
      const turn = lanes.nextTurnMs('acme', 1) - clock()
      assert.ok(turn >= 20 && turn <= 30_000, String(turn))
    }
    // However many there were, whoever comes after them has not to wait for turns that nobody uses.
    clock.advance(30_000)
    const next = lanes.nextTurnMs('acme', 1) - clock()
    assert.ok(next <= 20_020, String(next))
  })

  test('come soon again when those before are through', () => {
    const clock = testClock()
    const lanes = lanesOn(clock)
    for (let waiting = 0; waiting < 100; waiting += 1) lanes.nextTurnMs('acme', 1)
    clock.advance(60_000)
    assert.equal(lanes.nextTurnMs('acme', 1) - clock(), 40)
  })
})
