import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import type { WholeAnswer } from '../../../src/contract/whole-answer.ts'
import { openResponseCache } from '../../../src/forward/response-cache/response-cache.ts'
import { memoryAnswers } from '../../../src/store/answers/memory-answers.ts'
import { answerSettings } from '../../support/answer-settings.ts'
import { send } from '../../support/http-client.ts'
import { requestContext } from '../../support/request.ts'

const json = { status: 200, contentType: 'application/json', body: Buffer.from('{}') }

test('a defect while Magento is asked is told to who asked, and the others ask for themselves', async () => {
  const shared = Promise.withResolvers<void>()
  let waiting = 0
  const cache = openResponseCache({
    store: memoryAnswers(1_048_576, Date.now),
    answers: answerSettings,
    shop: 'http://magento',
    maxAnswerBytes: 1024,
    totalMs: 600_000,
    countWaiting: (change) => {
      waiting += change
      if (waiting === 2) shared.resolve()
    },
    clock: Date.now,
  })
  let asked = 0
  const ask = async (): Promise<WholeAnswer> => {
    asked += 1
    if (asked > 1) return json
    await shared.promise
    throw new TypeError('inner workings')
  }
  const server = createServer(async (_, response) => {
    const request = requestContext()
    request.cacheRule = { owner: 'a', ttlMs: 1_000, staleIfErrorMs: 0, isUpstreamObeyed: false }
    try {
      const left = await cache.answer(request, response, ask)
      response.writeHead(left !== undefined && 'status' in left ? left.status : 502).end()
    } catch {
      response.writeHead(500).end()
    }
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const statuses = (await Promise.all([send(url), send(url)])).map(({ status }) => status)
  assert.deepEqual(statuses.sort(), [200, 500])
  server.close()
})
