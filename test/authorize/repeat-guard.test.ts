import assert from 'node:assert/strict'
import { test } from 'node:test'
import { repeatGuard } from '../../src/authorize/repeat-guard.ts'
import { allow, type UseNonce } from '../../src/policy.ts'
import { requestContext } from '../support/request.ts'
import { services, testClock } from '../support/services.ts'
import { rejectionOf } from '../support/verdicts.ts'

function requestWith(repeatKey: string | undefined) {
  const request = requestContext({ method: 'POST' })
  request.repeatKey = repeatKey
  return request
}

test('refuses a repeated write within its window, and takes it again after it', async () => {
  const clock = testClock()
  const own = services(clock)
  const check = repeatGuard.prepare({ windowMs: 1000 }, own)
  const other = repeatGuard.prepare({ windowMs: 1000 }, { ...own, integration: 'globex-pim' })
  assert.equal(await check(requestWith('a')), allow)
  assert.equal((await rejectionOf(check(requestWith('a')))).code, 'unauthenticated')
  assert.equal(await check(requestWith('b')), allow)
  assert.equal(await other(requestWith('a')), allow)
  clock.advance(1000)
  assert.equal(await check(requestWith('a')), allow)
})

test('ignores requests with a nonce, and all requests if the window is 0', async () => {
  const check = repeatGuard.prepare({ windowMs: 1000 }, services())
  assert.equal(await check(requestWith(undefined)), allow)
  assert.equal(await check(requestWith(undefined)), allow)
  const off = repeatGuard.prepare({ windowMs: 0 }, services())
  assert.equal(await off(requestWith('a')), allow)
  assert.equal(await off(requestWith('a')), allow)
})

test('refuses with 503 what cannot be remembered', async () => {
  const asked: unknown[] = []
  const useNonce: UseNonce = (_owner, _nonce, _ttlMs, ifLate) => {
    asked.push(ifLate)
    return 'unavailable'
  }
  const broken = { ...services(), useNonce }
  const refused = await rejectionOf(repeatGuard.prepare({ windowMs: 1 }, broken)(requestWith('a')))
  assert.equal(refused.code, 'replay-protection-unavailable')
  assert.equal(refused.retryAfterSeconds, 2)
  // It may be sent again as it is.
  assert.deepEqual(asked, ['unused'])
})
