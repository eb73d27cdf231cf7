import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import type { AskMagento } from '../../../src/forward/response-cache/cached-reads.ts'
import type { ResponseCache } from '../../../src/forward/response-cache/response-cache.ts'
import { reject } from '../../../src/problem.ts'
import { globex, startGateway } from '../../support/gateway.ts'
import { globexHeaders, send } from '../../support/http-client.ts'
import { startRawUpstream } from '../../support/raw-upstream.ts'
import { startRedis } from '../../support/redis.ts'
import { requestContext } from '../../support/request.ts'
import { cacheWith, newResponse, reusedForASecond } from './cache-in-memory.ts'

const hourMs = 3_600_000

for (const kind of ['memory', 'Redis'] as const) {
  test(`an answer in ${kind} is not given as new when the clock has been set back since`, async (t) => {
    t.mock.timers.enable({ apis: ['Date'], now: Date.now() })
    await using redis = kind === 'Redis' ? await startRedis() : undefined
    await using upstream = await startRawUpstream()
    await using gateway = await startGateway({
      magentoUrl: upstream.url,
      ...(redis && { gateway: { store: { redis: 'env:REDIS', deadlineMs: 2_000 } } }),
      env: redis ? { REDIS: redis.url } : {},
      integrations: [
        {
          ...globex,
          policies: {
            ...globex.policies,
            cache: { 'GET /V1/products/:sku': { ttlSeconds: 60, staleIfErrorSeconds: 3_600 } },
          },
        },
      ],
    })
    const get = async () => {
      const { headers } = await send(gateway.url, { headers: globexHeaders })
      return [headers['cache-status'], headers.age]
    }
    const missed = ['magegate; fwd=miss', undefined]
    assert.deepEqual(await get(), missed)
    assert.deepEqual(await get(), ['magegate; hit', '0'])
    t.mock.timers.setTime(Date.now() - hourMs)
    assert.deepEqual(await get(), missed)
    assert.deepEqual(await get(), ['magegate; hit', '0'])
  })
}

/** A read of a route whose answers are reused for a second. */
function readFrom(cache: ResponseCache, ask: AskMagento) {
  const request = requestContext()
  request.cacheRule = reusedForASecond
  return cache.answer(request, newResponse(), ask)
}

test('the time for which an answer is reused counts from when Magento was asked', async () => {
  let nowMs = 0
  let asked = 0
  const cache = cacheWith({ totalMs: 60_000, countWaiting: () => undefined, clock: () => nowMs })
  const read = () =>
    readFrom(cache, async () => {
      asked += 1
      nowMs += 600
      return { status: 200, contentType: 'application/json', body: Buffer.from('{}') }
    })
  await read()
  nowMs += 399
  await read()
  assert.equal(asked, 1)
  nowMs += 1
  await read()
  assert.equal(asked, 2)
})

for (const [set, byMs] of [
  ['ahead', hourMs],
  ['back', -hourMs],
] as const) {
  test(`a read that has waited for another one has as long for Magento as before when the clock is set ${set}`, async () => {
    const totalMs = 600_000
    let setByMs = 0
    let waiting = 0
    const shared = Promise.withResolvers<void>()
    const cache = cacheWith({
      totalMs,
      countWaiting: (change) => {
        waiting += change
        if (waiting === 2) shared.resolve()
      },
      clock: () => Date.now() + setByMs,
    })
    const given: number[] = []
    const read = () => {
      return readFrom(cache, async (withinMs) => {
        given.push(withinMs)
        await shared.promise
        setByMs = byMs
        // It is of no use to the other one, which asks for itself.
        return { status: 404, contentType: 'application/json', body: Buffer.from('{}') }
      })
    }
    await Promise.all([read(), read()])
    assert.equal(given.length, 2)
    assert.ok(given.every((ms) => ms > totalMs / 2 && ms <= totalMs))
  })
}

test('a read waits for what is asked for others only for as long as it has time in all', async () => {
  const cache = cacheWith({ totalMs: 50, countWaiting: () => undefined, clock: Date.now })
  let asked = 0
  const readOf = (integration: string) => {
    const request = requestContext()
    request.verified = integration
    request.cacheRule = { ...reusedForASecond, owner: undefined }
    return cache.answer(request, newResponse(), async () => {
      asked += 1
      await delay(40)
      // Of no use to the others, who each have their own turn.
      return reject('upstream-busy', 'queue-full')
    })
  }
  const left = await Promise.all(['a', 'b', 'c', 'd', 'e'].map(readOf))
  const reasons = left.map((answer) => answer !== undefined && 'code' in answer && answer.reason)
  assert.equal(reasons[0], 'queue-full')
  assert.deepEqual(reasons.slice(2), ['deadline', 'deadline', 'deadline'])
  assert.ok(asked <= 2, String(asked))
})
