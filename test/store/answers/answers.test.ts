import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { pino } from 'pino'
import {
  type AnswerStore,
  everything,
  type Lookup,
  type StoredAnswer,
} from '../../../src/contract/answer-store.ts'
import { memoryAnswers } from '../../../src/store/answers/memory-answers.ts'
import { type AnswerCommands, redisAnswers } from '../../../src/store/answers/redis-answers.ts'
import { readEntry, writeEntry } from '../../../src/store/answers/redis-entry.ts'
import { guardRedis } from '../../../src/store/redis-guard.ts'
import { testClock } from '../../support/services.ts'

function answerOf(bytes: number): StoredAnswer {
  return {
    headers: ['Content-Type', 'application/json', 'X-Ü', 'ü'],
    body: Buffer.alloc(bytes, '\n'),
    etag: '"a"',
    modifiedAtMs: 1,
    askedAtMs: 2,
    receivedAtMs: 3,
    initialAgeMs: 4,
    terms: { lifetimeMs: 5, isStaleForbidden: false, staleIfErrorMs: 6 },
    validators: ['if-none-match', '"a"'],
  }
}

/** Keeps an answer as if Magento had been asked now. */
function keep(
  store: AnswerStore,
  key: string,
  tags: readonly string[],
  bytes = 100,
  forMs = 1_000,
) {
  const found = store.find(key, tags)
  assert.ok(!(found instanceof Promise) && found.ticket !== undefined)
  store.keep(key, tags, found.ticket, answerOf(bytes), forMs)
}

function isThere(store: AnswerStore, key: string, tags: readonly string[]): boolean {
  const found = store.find(key, tags)
  assert.ok(!(found instanceof Promise))
  return found.kept !== undefined
}

describe('answers in memory', () => {
  test('take no more than they may; those that were not asked for the longest go first', () => {
    const store = memoryAnswers(10_000, testClock())
    for (let number = 0; number < 100; number += 1) {
      keep(store, `key-${number}`, ['t'], 1_000)
      assert.ok(isThere(store, 'key-0', ['t']), 'it is asked for all the time')
      assert.ok(store.usedBytes() <= 10_000)
    }
    assert.equal(isThere(store, 'key-1', ['t']), false)
    assert.ok(isThere(store, 'key-99', ['t']))
  })

  test('are none that would not fit by themselves', () => {
    const store = memoryAnswers(10_000, testClock())
    keep(store, 'small', ['t'], 1_000)
    keep(store, 'large', ['t'], 20_000)
    assert.equal(isThere(store, 'large', ['t']), false)
    assert.ok(isThere(store, 'small', ['t']))
  })

  test('keep no more memory than their bodies have, whatever these are slices of', () => {
    const store = memoryAnswers(10_000, testClock())
    const { ticket = '' } = store.find('a', ['t']) as Lookup
    const slice = Buffer.alloc(1_000, 'a').subarray(0, 2)
    store.keep('a', ['t'], ticket, { ...answerOf(0), body: slice }, 1_000)
    const { kept } = store.find('a', ['t']) as Lookup
    assert.ok(kept !== undefined && 'body' in kept)
    assert.deepEqual(kept.body, slice)
    assert.equal(kept.body.buffer.byteLength, 2)
  })

  test('count with their keys and headers, and with what holds them', () => {
    const usedBy = (keyLength: number, headerLength: number) => {
      const store = memoryAnswers(10_000, testClock())
      const { ticket = '' } = store.find('a', ['t']) as Lookup
      const headers = ['x'.repeat(headerLength)]
      store.keep('k'.repeat(keyLength), ['t'], ticket, { ...answerOf(0), headers }, 1_000)
      return store.usedBytes()
    }
    const used = usedBy(0, 0)
    assert.ok(used > 0)
    // Texts may take two bytes for each character.
    assert.deepEqual([usedBy(1_000, 0), usedBy(0, 1_000)], [used + 2_000, used + 2_000])
  })

  test('are not found after their time', () => {
    const clock = testClock()
    const store = memoryAnswers(10_000, clock)
    keep(store, 'a', ['t'])
    clock.advance(999)
    assert.ok(isThere(store, 'a', ['t']))
    clock.advance(1)
    assert.equal(isThere(store, 'a', ['t']), false)
  })

  test('are dropped by each of their tags, and by no other', () => {
    const store = memoryAnswers(10_000, testClock())
    for (const dropped of ['t1', 't2']) {
      keep(store, 'a', ['t1', 't2'])
      void store.drop(['t3'], 0)
      assert.ok(isThere(store, 'a', ['t1', 't2']))
      void store.drop([dropped], 0)
      assert.equal(isThere(store, 'a', ['t1', 't2']), false, dropped)
    }
  })

  test('that were asked for before a drop are not kept after it', () => {
    const store = memoryAnswers(10_000, testClock())
    const before = store.find('a', ['t'])
    assert.ok(!(before instanceof Promise))
    void store.drop(['t'], 0)
    store.keep('a', ['t'], before.ticket ?? '', answerOf(1), 1_000)
    assert.equal(isThere(store, 'a', ['t']), false)
  })

  test('are not kept while a tag is held off, which a later drop does not shorten', () => {
    const clock = testClock()
    const store = memoryAnswers(10_000, clock)
    void store.drop(['t'], 500)
    void store.drop(['t'], 0)
    const found = store.find('a', ['t'])
    assert.ok(!(found instanceof Promise))
    assert.equal(found.ticket, undefined)
    clock.advance(500)
    keep(store, 'a', ['t'])
    assert.ok(isThere(store, 'a', ['t']))
  })

  test('under a tag that was forgotten are not found', () => {
    const store = memoryAnswers(1_000_000, testClock())
    keep(store, 'a', ['t'])
    keep(store, 'used', ['u'])
    for (let number = 0; number < 100_000; number += 1) {
      void store.find('b', [`other-${number}`])
      if (number % 1_000 === 0) assert.ok(isThere(store, 'used', ['u']), 'it is asked for')
    }
    assert.equal(isThere(store, 'a', ['t']), false)
    assert.ok(isThere(store, 'used', ['u']))
  })
})

/** Answers in a Redis that is away at times, and what it is asked to drop, for how long. */
function inUnsteadyRedis() {
  let isAway = false
  const dropped = new Map<string, number>()
  const away = async () => {
    if (isAway) throw new Error('away')
  }
  const client = {
    dropTag: async (key: string, _version: string, _lifeMs: number, holdOffMs: number) => {
      await away()
      dropped.set(key.replace('magegate:cache-tag:', ''), holdOffMs)
      return 1
    },
  } as AnswerCommands
  const log = pino({ enabled: false })
  const actions = { probe: away, reconnect: () => undefined }
  const guard = guardRedis(actions, { deadlineMs: 60_000, log, shared: 'answers' })
  return {
    store: redisAnswers(client, guard, false),
    leave: () => {
      isAway = true
    },
    /** Lets Redis come back; what it was asked to drop since the last time. */
    comeBack: async () => {
      isAway = false
      while (guard.isAway()) await new Promise((resolve) => setTimeout(resolve, 20))
      const due = Object.fromEntries(dropped)
      dropped.clear()
      return due
    },
  }
}

describe('what is to be dropped while Redis is away', () => {
  test('is dropped once when it is back, and held off for as long as was asked for', async () => {
    const redis = inUnsteadyRedis()
    redis.leave()
    await redis.store.drop(['a', 'b'], 500)
    await redis.store.drop(['a', 'c'], 0)
    assert.deepEqual(await redis.comeBack(), { a: 500, b: 500, c: 0 })
    redis.leave()
    await redis.store.drop(['d'], 0)
    assert.deepEqual(await redis.comeBack(), { d: 0 })
  })

  test('is everything where it would be too much to remember', async () => {
    const redis = inUnsteadyRedis()
    redis.leave()
    const tags = Array.from({ length: 10_001 }, (_, number) => `tag-${number}`)
    await redis.store.drop(tags, 0)
    const due = Object.keys(await redis.comeBack())
    assert.ok(due.includes(everything))
    assert.ok(due.length < 10_000)
  })
})

describe('an answer in Redis', () => {
  test('is read as it was written', () => {
    const entry = { ticket: 'a b', kept: answerOf(10) }
    assert.deepEqual(readEntry(writeEntry(entry)), entry)
    const marker = { ticket: 'a', kept: { selectedBy: ['colour'] } }
    assert.deepEqual(readEntry(writeEntry(marker)), marker)
  })

  for (const text of ['', '{}', '{}\n', 'x\n', '{"ticket":"a"}\n']) {
    test(`is none when it is ${JSON.stringify(text)}`, () => {
      assert.equal(readEntry(Buffer.from(text)), undefined)
    })
  }
})
