import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  type AnswerTerms,
  longestKeptMs,
  type StoredAnswer,
} from '../../../src/contract/answer-store.ts'
import {
  keepForMs,
  standsInForError,
  usability,
} from '../../../src/forward/response-cache/freshness.ts'
import { wishesOf } from '../../../src/forward/response-cache/wishes.ts'

const rule = { owner: 'a', ttlMs: 60_000, staleIfErrorMs: 30_000, isUpstreamObeyed: true }
const ofTenSeconds = { lifetimeMs: 10_000, isStaleForbidden: false, staleIfErrorMs: undefined }
const mustRevalidate = { ...ofTenSeconds, isStaleForbidden: true }

/** An answer that Magento was asked for at 0 and gave a second later. */
function answerWith(terms?: AnswerTerms, validators: readonly string[] = []): StoredAnswer {
  return {
    headers: [],
    body: Buffer.alloc(0),
    etag: '"a"',
    modifiedAtMs: 1_000,
    askedAtMs: 0,
    initialAgeMs: 1_000,
    receivedAtMs: 1_000,
    terms,
    validators,
  }
}

const wanting = (cacheControl: string) =>
  wishesOf(cacheControl === '' ? [] : ['Cache-Control', cacheControl])

describe('a stored answer', () => {
  const cases: readonly (readonly [
    what: string,
    use: ReturnType<typeof usability>,
    terms: AnswerTerms | undefined,
    seconds: number,
    cacheControl?: string,
  ])[] = [
    ['within the time of its route', 'fresh', undefined, 59.999],
    ['that long after Magento was asked', 'unusable', undefined, 60],
    ['that Magento allows for longer than its route', 'unusable', tenTimes(ofTenSeconds), 60],
    ['within its lifetime', 'fresh', ofTenSeconds, 9.999],
    ['as old as its lifetime', 'unusable', ofTenSeconds, 10],
    ['that stays fresh for just as long as wanted', 'fresh', ofTenSeconds, 5, 'min-fresh=5'],
    ['that does not', 'unusable', ofTenSeconds, 5.001, 'min-fresh=5'],
    ['as stale as is accepted', 'stale', ofTenSeconds, 15, 'max-stale=5'],
    ['more stale', 'unusable', ofTenSeconds, 15.001, 'max-stale=5'],
    ['of any staleness', 'stale', ofTenSeconds, 1_000_000, 'max-stale'],
    ['that must not be given stale', 'unusable', mustRevalidate, 15, 'max-stale'],
    ['that is wanted fresh as well', 'unusable', ofTenSeconds, 15, 'max-stale, min-fresh=1'],
  ]
  for (const [what, use, terms, seconds, cacheControl = ''] of cases) {
    test(`${what} is ${use}`, () => {
      const found = usability(answerWith(terms), rule, wanting(cacheControl), seconds * 1000)
      assert.equal(found, use)
    })
  }
})

describe('while Magento is down, an old answer', () => {
  const stands = (answer: StoredAnswer, seconds: number, cacheControl = '', ofRule = rule) =>
    standsInForError(answer, ofRule, wanting(cacheControl), seconds * 1000)

  test('stands in for as long as its route says, and not where it says nothing', () => {
    assert.equal(stands(answerWith(), 90), true)
    assert.equal(stands(answerWith(), 90.001), false)
    assert.equal(stands(answerWith(), 30, 'max-age=0', { ...rule, staleIfErrorMs: 0 }), false)
  })

  test('stands in for as long as Magento says where it is obeyed, and never where that forbids it', () => {
    const forFive = answerWith({ ...ofTenSeconds, staleIfErrorMs: 5_000 })
    assert.equal(stands(forFive, 15), true)
    assert.equal(stands(forFive, 15.001), false)
    assert.equal(stands(answerWith(mustRevalidate, ['if-none-match', '"a"']), 11), false)
  })

  test('stands in for as long as its caller accepts', () => {
    assert.equal(stands(answerWith(), 65, 'stale-if-error=5'), true)
    assert.equal(stands(answerWith(), 65.001, 'stale-if-error=5'), false)
  })
})

test('an answer is kept for as long as it may be given or confirmed, and a day at most', () => {
  const tag = ['if-none-match', '"a"']
  assert.equal(keepForMs(answerWith(), rule), 90_000)
  assert.equal(keepForMs(answerWith(ofTenSeconds), rule), 40_000)
  assert.equal(keepForMs(answerWith(tenTimes(ofTenSeconds)), rule), 90_000)
  assert.equal(keepForMs(answerWith(mustRevalidate), rule), 10_000)
  assert.equal(keepForMs(answerWith(mustRevalidate, tag), rule), 70_000)
  const forEver = { ...ofTenSeconds, staleIfErrorMs: 2 ** 41 }
  assert.equal(keepForMs(answerWith(forEver), rule), longestKeptMs)
})

function tenTimes(terms: AnswerTerms): AnswerTerms {
  return { ...terms, lifetimeMs: terms.lifetimeMs * 10 }
}
