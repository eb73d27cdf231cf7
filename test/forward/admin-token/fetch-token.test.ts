import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inspect } from 'node:util'
import { Secret } from '../../../src/contract/secret.ts'
import { prepareTokenFetch } from '../../../src/forward/admin-token/fetch-token.ts'
import { tokenLifetimeMs } from '../../../src/forward/admin-token/token-lifetime.ts'
import type { OwnRequest } from '../../../src/forward/own-request.ts'

const credentials = { username: new Secret('gateway'), password: new Secret('pass"word') }
const nowMs = 1_760_000_000_000

/** Fetches once, from a Magento that answers so; an error in the place of an answer is thrown. */
async function fetchOnce(answer: { status: number; body: string } | Error, own = {}) {
  const sent: OwnRequest[] = []
  const fetchToken = prepareTokenFetch(
    { ...credentials, ...own },
    async (request) => {
      sent.push(request)
      if (answer instanceof Error) throw answer
      return answer
    },
    () => nowMs,
  )
  const outcome = await fetchToken()
  return { outcome, sent: sent[0] as OwnRequest }
}

function jwt(claims: object): string {
  return ['{"alg":"HS256"}', JSON.stringify(claims), 'signature']
    .map((part) => Buffer.from(part).toString('base64url'))
    .join('.')
}

test('signs in with name and password', async () => {
  const { outcome, sent } = await fetchOnce({ status: 200, body: '"abc123"' })
  const { body, ...others } = sent
  assert.deepEqual(others, {
    method: 'POST',
    path: '/rest/all/V1/integration/admin/token',
    headers: ['content-type', 'application/json', 'accept', 'application/json'],
    limitBytes: 65_536,
  })
  assert.deepEqual(JSON.parse(String(body)), { username: 'gateway', password: 'pass"word' })
  assert.ok(outcome.kind === 'token')
  assert.equal(outcome.token.reveal(), 'abc123')
  assert.equal(outcome.lifetimeMs, undefined)
})

test('signs in with a one-time password where there is a second factor', async () => {
  const totpSecret = new Secret('GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ')
  const { sent } = await fetchOnce({ status: 200, body: '"abc123"' }, { totpSecret })
  assert.equal(sent.path, '/rest/all/V1/tfa/provider/google/authenticate')
  assert.match((JSON.parse(String(sent.body)) as { otp: string }).otp, /^\d{6}$/)
})

test('does not start with a second factor that is not base32', () => {
  const totpSecret = new Secret('not base32!')
  const send = async () => ({ status: 200, body: '' })
  assert.throws(() => prepareTokenFetch({ ...credentials, totpSecret }, send, () => 0), TypeError)
})

test('reads from the token how long it lasts, whatever the clocks say', async () => {
  const iat = nowMs / 1000 - 7200
  const { outcome } = await fetchOnce({
    status: 200,
    body: JSON.stringify(jwt({ uid: 1, utypid: 2, iat, exp: iat + 3600 })),
  })
  assert.ok(outcome.kind === 'token')
  assert.equal(outcome.lifetimeMs, 3_600_000)
  const body = JSON.stringify(jwt({ exp: nowMs / 1000 + 60 }))
  const without = (await fetchOnce({ status: 200, body })).outcome
  assert.equal(without.kind === 'token' && without.lifetimeMs, 60_000)
  for (const opaque of ['abc', 'a.b.c', jwt({}), jwt({ exp: 'soon' }), 'bnVsbA.bnVsbA.bnVsbA']) {
    assert.equal(tokenLifetimeMs(opaque, nowMs), undefined, opaque)
  }
})

test('tells credentials that are refused from a Magento that does not answer', async () => {
  for (const status of [400, 401, 403, 404]) {
    const { outcome } = await fetchOnce({ status, body: '{"message":"…"}' })
    assert.equal(outcome.kind, 'refused', String(status))
  }
  // What Magento from 2.4.9 on answers if its database fails.
  const internal = '{"message":"Internal Error. Details are available in Magento log file."}'
  assert.equal((await fetchOnce({ status: 400, body: internal })).outcome.kind, 'failed')
  for (const status of [302, 408, 429, 500, 503]) {
    const { outcome } = await fetchOnce({ status, body: '<html>' })
    assert.equal(outcome.kind, 'failed', String(status))
  }
  for (const body of ['', '""', '{}', 'null', '"a\\r\\nX: b"', '"two words"', '<html>']) {
    assert.equal((await fetchOnce({ status: 200, body })).outcome.kind, 'failed', body)
  }
  const reset = Object.assign(new Error('secret detail'), { code: 'ECONNRESET' })
  assert.deepEqual((await fetchOnce(reset)).outcome, {
    kind: 'failed',
    reason: 'no token: ECONNRESET',
  })
  const late = new DOMException('secret detail', 'TimeoutError')
  assert.deepEqual((await fetchOnce(late)).outcome, {
    kind: 'failed',
    reason: 'no token: TimeoutError',
  })
})

test('shows neither password nor token in what it gives back', async () => {
  const outcomes = [
    (await fetchOnce({ status: 200, body: '"the-token"' })).outcome,
    (await fetchOnce({ status: 401, body: '{"message":"pass\\"word the-token"}' })).outcome,
  ]
  assert.doesNotMatch(inspect(outcomes, { depth: 9 }) + JSON.stringify(outcomes), /the-token|pass/)
})
