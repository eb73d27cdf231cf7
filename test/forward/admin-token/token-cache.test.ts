import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { Secret } from '../../../src/contract/secret.ts'
import { prepareAdminToken } from '../../../src/forward/admin-token/admin-token-attempt.ts'
import type { TokenOutcome } from '../../../src/forward/admin-token/fetch-token.ts'
import {
  newTokenMemory,
  openTokenCache,
  type TokenCache,
} from '../../../src/forward/admin-token/token-cache.ts'
import { DialectMemory } from '../../../src/forward/oauth1/dialect-memory.ts'
import { prepareUpstreamCredentials } from '../../../src/forward/upstream-credentials.ts'
import { reject } from '../../../src/problem.ts'
import { testClock } from '../../support/services.ts'

const minuteMs = 60_000
const refused: TokenOutcome = { kind: 'refused', reason: 'status 401' }
const failed: TokenOutcome = { kind: 'failed', reason: 'ECONNREFUSED' }

/** A cache before a Magento that gives token-1, token-2 … until it is told otherwise. */
function tokenCache(lifetimeMs: number | undefined = 60 * minuteMs) {
  const clock = testClock()
  const magento = { fetches: 0, answer: undefined as TokenOutcome | undefined }
  const fetch = async (): Promise<TokenOutcome> => {
    magento.fetches += 1
    const token = new Secret(`token-${magento.fetches}`)
    await setImmediate()
    return magento.answer ?? { kind: 'token', token, lifetimeMs }
  }
  const cache = openTokenCache(fetch, 50 * minuteMs, clock, newTokenMemory(clock))
  const read = async () => {
    const token = await cache.get()
    return 'code' in token ? token : token.reveal()
  }
  return { cache, clock, magento, read }
}

const target = { path: '/rest/V1/products', query: 'fields=sku' }
const request = { method: 'GET', target, header: () => undefined }

/** Begins a request; gives what comes after an answer to it. */
async function begin(cache: TokenCache) {
  const attempt = await prepareAdminToken(cache)(request)
  assert.ok(!('code' in attempt))
  assert.equal(attempt.query, target.query)
  return { after: async (status: number) => attempt.after?.(status, Buffer.alloc(0)) }
}

test('fetches one token for a hundred requests at once', async () => {
  const { magento, read } = tokenCache()
  const tokens = await Promise.all(Array.from({ length: 100 }, read))
  assert.deepEqual(new Set(tokens), new Set(['token-1']))
  assert.equal(await read(), 'token-1')
  assert.equal(magento.fetches, 1)
})

test('signs an account in once, however many integrations wait for its token', async () => {
  const clock = testClock()
  let signIns = 0
  const fetch = async (): Promise<TokenOutcome> => {
    signIns += 1
    await setImmediate()
    return refused
  }
  const memory = newTokenMemory(clock)
  const caches = Array.from({ length: 6 }, () =>
    openTokenCache(fetch, 50 * minuteMs, clock, memory),
  )
  const faults = await Promise.all(caches.map((cache) => cache.get()))
  assert.deepEqual(
    faults.map((fault) => 'code' in fault && fault.retryAfterSeconds),
    Array(6).fill(5),
  )
  // Magento locks an account at its sixth refusal in a row.
  assert.equal(signIns, 1)
})

test('renews a token shortly before it ends, and nobody waits for the next one', async () => {
  const { clock, magento, read } = tokenCache()
  assert.equal(await read(), 'token-1')
  clock.advance(59 * minuteMs - 1)
  assert.equal(await read(), 'token-1')
  assert.equal(magento.fetches, 1)
  clock.advance(1)
  assert.equal(await read(), 'token-1')
  await setImmediate()
  assert.equal(await read(), 'token-2')
  assert.equal(magento.fetches, 2)
})

test('waits for the next token once the present one has ended, and only then', async () => {
  const clock = testClock()
  const next = Promise.withResolvers<TokenOutcome>()
  const token = (name: string): TokenOutcome => ({
    ...{ kind: 'token', token: new Secret(name), lifetimeMs: 60 * minuteMs },
  })
  const outcomes = [Promise.resolve(token('first')), next.promise]
  const fetch = () => outcomes.shift() ?? assert.fail('another sign-in')
  const cache = openTokenCache(fetch, 50 * minuteMs, clock, newTokenMemory(clock))
  const first = await cache.get()
  clock.advance(59 * minuteMs)
  assert.equal(await cache.get(), first)
  clock.advance(minuteMs - 1)
  assert.equal(await cache.get(), first)
  clock.advance(1)
  const waiting = cache.get()
  next.resolve(token('second'))
  const second = await waiting
  assert.ok(!('code' in second))
  assert.equal(second.reveal(), 'second')
})

test('a 401 has only its own request wait for another token', async () => {
  const { cache, clock, read } = tokenCache()
  const attempt = await begin(cache)
  clock.advance(2 * minuteMs)
  const second = attempt.after(401)
  assert.equal(await read(), 'token-1')
  assert.equal((await second)?.authorization, 'Bearer token-2')
  assert.equal(await read(), 'token-2')
})

test('renews a token that does not say when it ends after the time that is configured', async () => {
  const { clock, magento, read } = tokenCache()
  magento.answer = { kind: 'token', token: new Secret('opaque'), lifetimeMs: undefined }
  await read()
  clock.advance(49 * minuteMs - 1)
  await read()
  assert.equal(magento.fetches, 1)
  clock.advance(1)
  await read()
  assert.equal(magento.fetches, 2)
})

test('a token that does not say when it ends is good for as many minutes as are configured', async () => {
  const clock = testClock()
  let signIns = 0
  const credentials = { username: new Secret('erp'), password: new Secret('p4ssword') }
  const authorize = prepareUpstreamCredentials(
    { adminToken: { ...credentials, lifetimeMinutes: 10 } },
    {
      publicOrigin: { scheme: 'https', authority: 'shop.example' },
      dialect: new DialectMemory(),
      sendOwn: async () => {
        signIns += 1
        return { status: 200, body: `"opaque-token-${signIns}"` }
      },
      tokenMemoryOf: () => newTokenMemory(clock),
      monotonicClock: clock,
    },
  )
  const ask = async () => {
    const attempt = await authorize(request)
    return 'reason' in attempt ? attempt.reason : attempt.authorization
  }
  assert.equal(await ask(), 'Bearer opaque-token-1')
  clock.advance(9 * minuteMs - 1)
  assert.equal(await ask(), 'Bearer opaque-token-1')
  assert.equal(signIns, 1)
  clock.advance(1)
  assert.equal(await ask(), 'Bearer opaque-token-1')
  assert.equal(signIns, 2)
  await setImmediate()
  assert.equal(await ask(), 'Bearer opaque-token-2')
})

test('does not fetch without end when tokens end at once', async () => {
  const { magento, read } = tokenCache(-1)
  for (let count = 0; count < 20; count += 1) await read()
  assert.equal(magento.fetches, 1)
})

test('answers a failure to all that wait, and asks again only after a pause', async () => {
  const { clock, magento, read } = tokenCache()
  magento.answer = failed
  const fault = reject('upstream-unavailable', 'ECONNREFUSED', { retryAfterSeconds: 5 })
  assert.deepEqual(await Promise.all([read(), read(), read()]), [fault, fault, fault])
  clock.advance(4_001)
  assert.deepEqual(await read(), { ...fault, retryAfterSeconds: 1 })
  assert.equal(magento.fetches, 1)
  magento.answer = undefined
  clock.advance(999)
  assert.equal(await read(), 'token-2')
})

test('with a wrong password, is not refused the six times in an hour that lock an account', async () => {
  const { clock, magento, read } = tokenCache()
  magento.answer = refused
  for (let second = 0; second < 3600; second += 1) {
    await read()
    clock.advance(1_000)
  }
  assert.ok(magento.fetches < 6, String(magento.fetches))
})

test('counts refusals on while Magento fails in between', async () => {
  const { clock, magento, read } = tokenCache()
  const pauses: number[] = []
  for (const answer of [refused, failed, refused, failed, refused]) {
    magento.answer = answer
    const fault = await read()
    assert.ok(typeof fault !== 'string')
    const { retryAfterSeconds = 0 } = fault
    pauses.push(retryAfterSeconds)
    clock.advance(retryAfterSeconds * 1000)
  }
  assert.deepEqual(pauses, [5, 5, 30, 10, 300])
})

test('counts no failure from before a token, as Magento does not either', async () => {
  const { clock, magento, read } = tokenCache()
  for (const answer of [refused, failed]) {
    for (let round = 0; round < 2; round += 1) {
      magento.answer = answer
      const fault = await read()
      assert.equal(typeof fault !== 'string' && fault.retryAfterSeconds, 5)
      clock.advance(5_000)
      magento.answer = undefined
      assert.equal(typeof (await read()), 'string')
      clock.advance(60 * minuteMs)
    }
  }
})

test('asks a Magento that does not answer every half minute', async () => {
  const { clock, magento, read } = tokenCache()
  magento.answer = failed
  for (let second = 0; second < 600; second += 1) {
    await read()
    clock.advance(1_000)
  }
  assert.ok(magento.fetches >= 20 && magento.fetches <= 25, String(magento.fetches))
})

test('uses a token to its end when it cannot be renewed', async () => {
  const { clock, magento, read } = tokenCache()
  await read()
  magento.answer = failed
  clock.advance(59 * minuteMs)
  assert.equal(await read(), 'token-1')
  await setImmediate()
  clock.advance(minuteMs)
  assert.deepEqual(
    await read(),
    reject('upstream-unavailable', 'ECONNREFUSED', { retryAfterSeconds: 10 }),
  )
})

test('renews once after a 401, however many requests have had one', async () => {
  const { cache, clock, magento } = tokenCache()
  const firsts = await Promise.all(Array.from({ length: 100 }, () => begin(cache)))
  clock.advance(2 * minuteMs)
  const seconds = await Promise.all(firsts.map((attempt) => attempt.after(401)))
  for (const attempt of seconds) {
    assert.deepEqual(attempt, { authorization: 'Bearer token-2', query: target.query })
  }
  assert.equal(magento.fetches, 2)
})

test('takes the token that another request has fetched in the meantime', async () => {
  const { cache, clock, magento } = tokenCache()
  const [early, late] = [await begin(cache), await begin(cache)]
  clock.advance(2 * minuteMs)
  await early.after(401)
  assert.equal((await late.after(401))?.authorization, 'Bearer token-2')
  assert.equal(magento.fetches, 2)
})

test('passes on the 401 of a permission that is missing, and renews no more than once a minute', async () => {
  const { cache, clock, magento } = tokenCache()
  for (let second = 0; second < 300; second += 1) {
    const attempt = await begin(cache)
    const next = await attempt.after(401)
    assert.equal(next?.after, undefined)
    clock.advance(1_000)
  }
  assert.ok(magento.fetches <= 6, String(magento.fetches))
})

test('keeps the token of a 401 while there is no other', async () => {
  const { cache, clock, magento, read } = tokenCache()
  const attempt = await begin(cache)
  clock.advance(2 * minuteMs)
  magento.answer = refused
  assert.equal(await attempt.after(401), undefined)
  assert.equal(await read(), 'token-1')
  assert.equal(magento.fetches, 2)
})

test('lets every other answer stand', async () => {
  const { cache, clock, magento } = tokenCache()
  const attempt = await begin(cache)
  clock.advance(2 * minuteMs)
  for (const status of [200, 400, 403, 404, 429, 500, 503]) {
    assert.equal(await attempt.after(status), undefined)
  }
  assert.equal(magento.fetches, 1)
})

test('gives no attempt when there is no token', async () => {
  const { cache, magento } = tokenCache()
  magento.answer = refused
  assert.deepEqual(
    await prepareAdminToken(cache)(request),
    reject('upstream-unavailable', 'status 401', { retryAfterSeconds: 5 }),
  )
})
