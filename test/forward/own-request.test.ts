import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openConnection } from '../../src/forward/magento.ts'
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

test('integrations share the token of an account, and none has that of one with another password', async () => {
  let signIns = 0
  await using upstream = await startRawUpstream((socket, request) => {
    if (!request.startsWith('POST ')) return answerEmpty(socket)
    signIns += 1
    if (request.includes('"right-password"')) answerWith(socket, { body: '"a-token"' })
    else answerWith(socket, { status: '401 Unauthorized', body: '{}' })
  })
  const integrationOf = (name: string, password: string) => ({
    ...globex,
    name,
    credentials: { token: `env:${name.toUpperCase()}_TOKEN` },
    upstream: { adminToken: { username: 'env:USERNAME', password: `env:${password}` } },
  })
  await using gateway = await startGateway({
    magentoUrl: upstream.url,
    integrations: [
      integrationOf('one', 'RIGHT'),
      integrationOf('other', 'RIGHT'),
      integrationOf('wrong', 'WRONG'),
    ],
    env: {
      ...{ USERNAME: 'erp', RIGHT: 'right-password', WRONG: 'wrong-password' },
      ...{ ONE_TOKEN: 'token-of-one-012345', OTHER_TOKEN: 'token-of-other-012345' },
      WRONG_TOKEN: 'token-of-wrong-012345',
    },
  })
  const statusOf = async (name: string) => {
    const headers = { Authorization: `Bearer token-of-${name}-012345` }
    return (await send(gateway.url, { headers })).status
  }
  assert.deepEqual([await statusOf('one'), await statusOf('other')], [200, 200])
  assert.equal(signIns, 1)
  assert.equal(await statusOf('wrong'), 503)
  assert.equal(signIns, 2)
})

test('its answer counts if it arrived while the process was suspended, though its time has passed', async () => {
  const timeoutMs = 1_000
  await using upstream = await startRawUpstream((socket) => {
    answerEmpty(socket)
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, timeoutMs)
  })
  const longMs = 3_600_000
  const timeouts = { connectMs: longMs, headersMs: longMs, bodyMs: longMs, totalMs: longMs }
  const { sendOwn, close } = openConnection({ url: upstream.url, connections: 1, timeouts })
  const answer = await sendOwn({ method: 'GET', path: '/', headers: [], timeoutMs })
  assert.deepEqual(answer, { status: 200, body: '{}' })
  await close()
})
