import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, IncomingMessage, ServerResponse } from 'node:http'
import { type AddressInfo, Socket } from 'node:net'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import type { WholeAnswer } from '../../../src/contract/whole-answer.ts'
import { openResponseCache } from '../../../src/forward/response-cache/response-cache.ts'
import { reject } from '../../../src/problem.ts'
import { memoryAnswers } from '../../../src/store/answers/memory-answers.ts'
import { answerSettings } from '../../support/answer-settings.ts'
import { send } from '../../support/http-client.ts'
import { requestContext } from '../../support/request.ts'

const json = { status: 200, contentType: 'application/json', body: Buffer.from('{}') }

const rule = { owner: 'a', ttlMs: 1_000, staleIfErrorMs: 0, isUpstreamObeyed: false }

function openCache(countWaiting: (change: 1 | -1) => void) {
  return openResponseCache({
    store: memoryAnswers(1_048_576, Date.now),
    answers: answerSettings,
    shop: 'http://magento',
    maxAnswerBytes: 1024,
    totalMs: 600_000,
    countWaiting,
    clock: Date.now,
  })
}

test('a defect while Magento is asked is told to who asked, and the others ask for themselves', async () => {
  const shared = Promise.withResolvers<void>()
  let waiting = 0
  const cache = openCache((change) => {
    waiting += change
    if (waiting === 2) shared.resolve()
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
    request.cacheRule = rule
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

test('a read that waits for one integration after the other does not listen for its end each time', async () => {
  const cache = openCache(() => undefined)
  const listeners: number[] = []
  const reads = Array.from({ length: 20 }, (_, index) => {
    const response = new ServerResponse(new IncomingMessage(new Socket()))
    const request = requestContext()
    request.cacheRule = rule
    request.verified = `integration-${index}`
    return cache.answer(request, response, async () => {
      listeners.push(response.listenerCount('close'))
      await turn()
      return reject('upstream-unavailable', 'no token')
    })
  })
  await Promise.all(reads)
  assert.deepEqual(listeners, Array(reads.length).fill(1))
})
