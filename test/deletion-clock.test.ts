import assert from 'node:assert/strict'
import { performance } from 'node:perf_hooks'
import { test } from 'node:test'
import { deletionClock } from '../src/deletion-clock.ts'

const hourMs = 3_600_000

test('a clock that was set forward counts for deletions once it has stayed so, and one that was set back at once', (t) => {
  let passedMs = 0
  let setByMs = 0
  t.mock.method(performance, 'now', () => passedMs)
  t.mock.method(Date, 'now', () => passedMs + setByMs)
  const clock = deletionClock()
  const at = (hours: number, byMs: number) => {
    passedMs = hours * hourMs
    setByMs = byMs
    return clock()
  }
  assert.equal(at(0.5, 0), 0.5 * hourMs)
  const year = 8_766 * hourMs
  for (const hours of [0.6, 1.1, 1.9]) assert.equal(at(hours, 73 * year), hours * hourMs)
  assert.equal(at(2, 0), 2 * hourMs)
  for (const hours of [2.5, 3, 3.4]) assert.equal(at(hours, year), hours * hourMs)
  assert.equal(at(4.1, year), 4.1 * hourMs + year)
  assert.equal(at(4.2, -year), 4.2 * hourMs - year)
  // As by a trail that rotates once a day: what was so the last time counts.
  assert.equal(at(28, 0), 28 * hourMs - year)
  assert.equal(at(52, 1_000), 52 * hourMs)
})
