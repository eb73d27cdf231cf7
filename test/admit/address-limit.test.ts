import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addressLimit } from '../../src/admit/address-limit.ts'
import { allow } from '../../src/policy.ts'
import { addressKey } from '../../src/syntax/address-key.ts'
import { requestContext } from '../support/request.ts'
import { services, testClock } from '../support/services.ts'
import { rejectionOf } from '../support/verdicts.ts'

function requestFrom(clientIp: string) {
  const request = requestContext()
  request.clientIp = clientIp
  return request
}

test('limits an address to its burst, and does not affect others', async () => {
  const check = addressLimit.prepare({ perAddress: { ratePerSecond: 1, burst: 2 } }, services())
  assert.equal(check(requestFrom('203.0.113.1')), allow)
  assert.equal(check(requestFrom('203.0.113.1')), allow)
  const verdict = await rejectionOf(check(requestFrom('203.0.113.1')))
  assert.equal(verdict.code, 'address-rate-limited')
  assert.equal(verdict.retryAfterSeconds, 1)
  assert.equal(check(requestFrom('203.0.113.2')), allow)
})

test('admits a caller again after the time that it was told to wait', async () => {
  const clock = testClock()
  const check = addressLimit.prepare(
    { perAddress: { ratePerSecond: 0.1, burst: 1 } },
    services(clock),
  )
  assert.equal(check(requestFrom('203.0.113.1')), allow)
  clock.advance(900)
  const verdict = await rejectionOf(check(requestFrom('203.0.113.1')))
  clock.advance((verdict.retryAfterSeconds ?? 0) * 1000)
  assert.equal(check(requestFrom('203.0.113.1')), allow)
})

test('tells a blocked caller to wait until the end of its penalty', async () => {
  for (const [penaltyMs, seconds] of [
    [1_001, 2],
    [1, 1],
  ] as const) {
    const check = addressLimit.prepare(
      { perAddress: { ratePerSecond: 1, burst: 1 } },
      { ...services(), penaltyOf: () => penaltyMs },
    )
    const verdict = await rejectionOf(check(requestFrom('203.0.113.1')))
    assert.equal(verdict.retryAfterSeconds, seconds)
  }
})

test('tells callers of one address to wait a little longer than they must, each for another time', async () => {
  for (const [penaltyMs, random, seconds] of [
    [1_001, 0.99, 3],
    [0, 0.99, 2],
    [300_000, 0.5, 315],
  ] as const) {
    const check = addressLimit.prepare(
      { perAddress: { ratePerSecond: 1, burst: 1 } },
      { ...services(), penaltyOf: () => penaltyMs, random: () => random },
    )
    check(requestFrom('203.0.113.1'))
    const verdict = await rejectionOf(check(requestFrom('203.0.113.1')))
    assert.equal(verdict.retryAfterSeconds, seconds)
  }
})

test('counts an IPv6 caller by its /64', () => {
  assert.equal(addressKey('203.0.113.1'), '203.0.113.1')
  assert.equal(addressKey('2001:db8:1:2:3:4:5:6'), '2001:db8:1:2::/64')
  assert.equal(addressKey('2001:db8:1:2::6'), '2001:db8:1:2::/64')
  assert.equal(addressKey('2001:db8::6'), '2001:db8:0:0::/64')
  assert.equal(addressKey('::1'), '0:0:0:0::/64')
  assert.equal(addressKey('1::'), '1:0:0:0::/64')
  const asked = new Set<string>()
  const penaltyOf = (key: string) => {
    asked.add(key)
    return 0
  }
  const check = addressLimit.prepare(
    { perAddress: { ratePerSecond: 1, burst: 1 } },
    { ...services(), penaltyOf },
  )
  assert.equal(check(requestFrom('2001:db8:1:2::1')), allow)
  assert.notEqual(check(requestFrom('2001:db8:1:2:ffff::2')), allow)
  assert.equal(check(requestFrom('2001:db8:1:3::1')), allow)
  assert.equal(asked.size, 2)
})
