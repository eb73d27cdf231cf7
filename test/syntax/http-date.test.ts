import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { parseHttpDate } from '../../src/syntax/http-date.ts'

const nowMs = Date.UTC(2026, 10, 28, 9, 0, 0)

describe('RFC 9110, section 5.6.7: dates', () => {
  for (const text of [
    'Sun, 06 Nov 1994 08:49:37 GMT',
    'Sunday, 06-Nov-94 08:49:37 GMT',
    'Sun Nov  6 08:49:37 1994',
  ]) {
    test(text, () => assert.equal(parseHttpDate(text, nowMs), Date.UTC(1994, 10, 6, 8, 49, 37)))
  }

  test('a year of two digits is never more than 50 years ahead', () => {
    assert.equal(
      parseHttpDate('Saturday, 28-Nov-76 09:00:00 GMT', nowMs),
      Date.UTC(2076, 10, 28, 9, 0, 0),
    )
    assert.equal(
      parseHttpDate('Monday, 28-Nov-77 09:00:00 GMT', nowMs),
      Date.UTC(1977, 10, 28, 9, 0, 0),
    )
  })

  for (const text of [
    '0',
    '',
    '2026-11-28T09:00:00Z',
    'Sat, 28 Nov 2026 09:00:00 UTC',
    'Sat, 28 Nov 2026 09:00:00 GMT ',
    'Sat, 28 Foo 2026 09:00:00 GMT',
    'Sat, 28 Nov 2026 25:00:00 GMT',
    'sat, 28 nov 2026 09:00:00 gmt',
  ]) {
    test(`not ${JSON.stringify(text)}`, () => assert.equal(parseHttpDate(text, nowMs), undefined))
  }

  test('what Node writes is read', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 253_402_300_799 }), (seconds) => {
        assert.equal(parseHttpDate(new Date(seconds * 1000).toUTCString(), nowMs), seconds * 1000)
      }),
    )
  })
})
