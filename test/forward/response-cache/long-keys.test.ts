import assert from 'node:assert/strict'
import { test } from 'node:test'
import { collectGarbage } from '../../../src/cli/collect-garbage.ts'
import { requestContext } from '../../support/request.ts'
import { cacheWith, newResponse, reusedForASecond } from './cache-in-memory.ts'

test('what is remembered of answers that cannot be kept is little, however long their targets are', async () => {
  const cache = cacheWith({
    maxAnswerBytes: 1,
    totalMs: 60_000,
    countWaiting: () => undefined,
    clock: Date.now,
  })
  const tooLong = { status: 200, contentType: 'application/json', body: Buffer.from('{}') }
  async function read(query: string) {
    const request = requestContext({ target: `/rest/V1/products?fields=${query}` })
    request.cacheRule = reusedForASecond
    await cache.answer(request, newResponse(), async () => tooLong)
    return request.cacheUse
  }
  await collectGarbage()
  const before = process.memoryUsage().heapUsed
  for (let number = 0; number < 3_000; number += 1) await read(number + 'x'.repeat(15_000))
  await collectGarbage()
  const grownBytes = process.memoryUsage().heapUsed - before
  assert.ok(grownBytes < 20_000_000, `${grownBytes}`)
  assert.equal(await read('short'), 'miss')
  assert.equal(await read('short'), 'bypass')
})
