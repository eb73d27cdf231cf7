import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { parseDirectives } from '../../../src/forward/response-cache/directives.ts'
import { termsOf } from '../../../src/forward/response-cache/terms.ts'

const nowMs = Date.UTC(2026, 10, 28, 9, 0, 0)
const shared = { isShared: true, hasAuthorization: false }

/** What an answer with these fields says of how long it is good, in seconds. */
function lifetimeOf(headers: readonly string[], audience = shared): number | undefined {
  const terms = termsOf(headers, nowMs, audience)
  return terms && terms.lifetimeMs / 1000
}

const cacheControl = (value: string) => ['Cache-Control', value]

describe('RFC 9111, section 5.2: Cache-Control', () => {
  const readings: Readonly<Record<string, Readonly<Record<string, string>>>> = {
    'max-age=5': { 'max-age': '5' },
    ' , MAX-AGE=5 ,, Public,': { 'max-age': '5', public: '' },
    'private="a, b", max-age="7"': { private: 'a, b', 'max-age': '7' },
    'x="a\\", no-store", max-age=1': { x: 'a\\", no-store', 'max-age': '1' },
    'max-age=1, max-age=2': { 'max-age': '1' },
    'max-age = 5': { 'max-age': '' },
    'x="unended, max-age=3': { x: '', 'max-age': '3' },
    '': {},
  }
  for (const [line, expected] of Object.entries(readings)) {
    test(`reads ${JSON.stringify(line)}`, () => {
      assert.deepEqual(Object.fromEntries(parseDirectives([line])), expected)
    })
  }

  test('reads any line in bounded time, and never throws', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ maxLength: 200 }), { maxLength: 3 }), (lines) => {
        for (const [name] of parseDirectives(lines)) assert.equal(name, name.toLowerCase())
      }),
    )
    const long = `x="${'\\"'.repeat(50_000)}`
    assert.ok(parseDirectives([long, ' ,='.repeat(50_000)]).size >= 1)
  })
})

describe('RFC 9111, section 4.2.1: how long an answer is good', () => {
  const expires = (text: string) => ['Expires', text]
  const inAnHour = expires('Sat, 28 Nov 2026 10:00:00 GMT')
  const cases: readonly (readonly [
    what: string,
    headers: readonly string[],
    seconds: number | undefined,
  ])[] = [
    ['max-age', cacheControl('max-age=5'), 5],
    ['s-maxage before max-age', cacheControl('max-age=5, s-maxage=9'), 9],
    ['max-age before Expires', [...cacheControl('max-age=5'), ...inAnHour], 5],
    ['Expires, less Date', inAnHour, 3600],
    ['Expires in the past', expires('Fri, 27 Nov 2026 10:00:00 GMT'), 0],
    ['Expires that is no date', expires('0'), 0],
    ['nothing', [], 0],
    ['a number that is none', cacheControl('max-age=5.5'), 0],
    ['a negative number', cacheControl('max-age=-5'), 0],
    ['a huge number', cacheControl('max-age=99999999999999999999'), 2 ** 31],
    ['no-cache', cacheControl('max-age=5, no-cache'), 0],
    ['no-store', cacheControl('max-age=5, no-store'), undefined],
    ['private in a shared cache', cacheControl('max-age=5, private'), undefined],
    ['several lines', [...cacheControl('public'), ...cacheControl('max-age=7')], 7],
  ]
  for (const [what, headers, seconds] of cases) {
    test(what, () => assert.equal(lifetimeOf(headers), seconds))
  }

  test('private and s-maxage mean a shared cache only', () => {
    const own = { isShared: false, hasAuthorization: true }
    assert.equal(lifetimeOf(cacheControl('private, max-age=5, s-maxage=9'), own), 5)
  })
})

test('RFC 9111, section 3.5: answers to requests with Authorization are shared where they say so', () => {
  const signedIn = { isShared: true, hasAuthorization: true }
  assert.equal(lifetimeOf(cacheControl('max-age=5'), signedIn), undefined)
  for (const directive of ['public', 'must-revalidate', 's-maxage=5']) {
    assert.equal(lifetimeOf(cacheControl(`max-age=5, ${directive}`), signedIn), 5, directive)
  }
  assert.equal(lifetimeOf(cacheControl('max-age=5'), { ...signedIn, isShared: false }), 5)
})

test('RFC 9111, section 4.2.4: what forbids to give an old answer', () => {
  const isForbidden = (value: string, isShared = true) =>
    termsOf(cacheControl(value), nowMs, { isShared, hasAuthorization: false })?.isStaleForbidden
  for (const value of ['must-revalidate', 'no-cache', 'proxy-revalidate', 's-maxage=5']) {
    assert.equal(isForbidden(`max-age=5, ${value}`), true, value)
  }
  assert.equal(isForbidden('max-age=5'), false)
  assert.equal(isForbidden('max-age=5, proxy-revalidate, s-maxage=5', false), false)
})

test('RFC 5861, section 4: for how long an old answer may stand in for an error, not at all where that cannot be read', () => {
  const allowedMs = (value: string) => termsOf(cacheControl(value), nowMs, shared)?.staleIfErrorMs
  assert.equal(allowedMs('max-age=5, stale-if-error=7'), 7_000)
  assert.equal(allowedMs('max-age=5, stale-if-error=x'), 0)
  assert.equal(allowedMs('max-age=5'), undefined)
})
