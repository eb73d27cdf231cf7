import assert from 'node:assert/strict'
import { test } from 'node:test'
import { replayGuard } from '../../src/authenticate/replay-guard.ts'
import { allow, type NonceResult } from '../../src/policy.ts'
import { requestContext } from '../support/request.ts'
import { services } from '../support/services.ts'
import { rejectionOf } from '../support/verdicts.ts'

function requestWith(nonce: string | undefined, method = 'POST') {
  const request = requestContext({ method })
  if (nonce !== undefined) request.nonce = { value: nonce, ttlMs: 1000 }
  return request
}

test('lets a nonce through once for each integration', async () => {
  const own = services()
  const check = replayGuard.prepare({ onStoreFailure: 'refuseWrites' }, own)
  const other = { ...own, integration: 'globex-pim' }
  const checkOther = replayGuard.prepare({ onStoreFailure: 'refuseWrites' }, other)
  assert.equal(await check(requestWith('n-1')), allow)
  const { code, detail } = await rejectionOf(check(requestWith('n-1')))
  assert.equal(code, 'unauthenticated')
  assert.equal(detail, undefined)
  assert.equal(await checkOther(requestWith('n-1')), allow)
  assert.equal(await check(requestWith('n-2')), allow)
})

test('lets a request without a nonce through', async () => {
  const check = replayGuard.prepare({ onStoreFailure: 'refuseAll' }, services())
  assert.equal(await check(requestWith(undefined)), allow)
  assert.equal(await check(requestWith(undefined)), allow)
})

for (const result of ['full', 'unavailable'] satisfies NonceResult[]) {
  test(`refuses writes with 503 while nonces are ${result}, and reads where it is told to`, async () => {
    const broken = { ...services(), useNonce: () => result }
    const writesOnly = replayGuard.prepare({ onStoreFailure: 'refuseWrites' }, broken)
    const { code, retryAfterSeconds } = await rejectionOf(writesOnly(requestWith('n')))
    assert.equal(code, 'replay-protection-unavailable')
    assert.equal(retryAfterSeconds, 2)
    assert.equal(await writesOnly(requestWith('n', 'GET')), allow)
    const all = replayGuard.prepare({ onStoreFailure: 'refuseAll' }, broken)
    assert.equal(
      (await rejectionOf(all(requestWith('n', 'GET')))).code,
      'replay-protection-unavailable',
    )
  })
}
