import assert from 'node:assert/strict'
import { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import { test } from 'node:test'
import { collectGarbage } from '../../../src/cli/collect-garbage.ts'
import { openResponseCache } from '../../../src/forward/response-cache/response-cache.ts'
import { memoryAnswers } from '../../../src/store/answers/memory-answers.ts'
import { requestContext } from '../../support/request.ts'

test('what is remembered of answers that cannot be kept is little, however long their targets are', async () => {
  const cache = openResponseCache({
    store: memoryAnswers(1_048_576, () => performance.now()),
    answers: {
      problemsUrl: '/problems',
      isDraining: () => false,
      beforeEnd: (_, end) => end(true),
      readMs: 60_000,
      onUnwritten: () => assert.fail(),
    },
    shop: 'http://magento',
    maxAnswerBytes: 1,
    totalMs: 60_000,
    countWaiting: () => undefined,
    clock: Date.now,
  })
  const tooLong = { status: 200, contentType: 'application/json', body: Buffer.from('{}') }
  async function read(query: string) {
    const request = requestContext({ target: `/rest/V1/products?fields=${query}` })
    request.cacheRule = { owner: 'a', ttlMs: 1_000, staleIfErrorMs: 0, isUpstreamObeyed: false }
    const response = new ServerResponse(new IncomingMessage(new Socket()))
    await cache.answer(request, response, async () => tooLong)
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
