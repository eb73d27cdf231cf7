import assert from 'node:assert/strict'
import { test } from 'node:test'
import { globex, startGateway } from '../support/gateway.ts'
import { globexHeaders, problemOf, send } from '../support/http-client.ts'
import { answerEmpty, answerWith, startRawUpstream } from '../support/raw-upstream.ts'

test('of an answer with a token no more than 64 KiB is read, so that many of them cannot take up the memory', async () => {
  const longestBytes = 65_536
  let token = ''
  await using upstream = await startRawUpstream((socket, request) => {
    if (request.startsWith('POST ')) answerWith(socket, { body: JSON.stringify(token) })
    else answerEmpty(socket)
  })
  for (const [length, expected, reason] of [
    [longestBytes + 1, [503, 'upstream-unavailable'], 'no token: ANSWER_TOO_LONG'],
    [longestBytes, [200, undefined], undefined],
  ] as const) {
    token = 'a'.repeat(length - JSON.stringify('').length)
    await using gateway = await startGateway({
      magentoUrl: upstream.url,
      integrations: [
        {
          ...globex,
          upstream: { adminToken: { username: 'env:USERNAME', password: 'env:PASSWORD' } },
        },
      ],
      env: { USERNAME: 'erp', PASSWORD: 'p4ssword' },
    })
    const answer = await send(gateway.url, { headers: globexHeaders })
    assert.deepEqual([answer.status, problemOf(answer).code], expected)
    const [record] = await gateway.auditRecords(1)
    assert.equal(record?.reason, reason)
  }
})
