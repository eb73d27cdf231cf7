import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addressPenalties } from '../../src/store/address-penalties.ts'
import { memoryLimits } from '../../src/store/limits/memory-limits.ts'
import { chargeOn, rateOf } from '../support/limits.ts'
import { requestContext } from '../support/request.ts'
import { testClock } from '../support/services.ts'

const settings = {
  refusals: { ratePerSecond: 0.1, burst: 2 },
  firstMs: 1_000,
  longestMs: 8_000,
}

function refusedOf(clientIp: string, code = 'unauthenticated', status = 401) {
  const request = requestContext()
  request.clientIp = clientIp
  request.outcome = { status, code }
  return request
}

test('each penalty is twice as long as the last, up to the longest, and is forgotten in time', () => {
  const clock = testClock()
  const { note, penaltyOf } = addressPenalties(clock)
  const lengths: number[] = []
  for (let count = 0; count < 8; count += 1) {
    note(refusedOf('203.0.113.1'), settings)
    const lengthMs = penaltyOf('203.0.113.1')
    lengths.push(lengthMs)
    clock.advance(lengthMs)
    assert.equal(penaltyOf('203.0.113.1'), 0)
  }
  assert.deepEqual(lengths, [0, 0, 1_000, 2_000, 4_000, 8_000, 0, 8_000])
  assert.equal(penaltyOf('203.0.113.2'), 0)
  clock.advance(30_000)
  const afterwards = [1, 2, 3].map(() => {
    note(refusedOf('203.0.113.1'), settings)
    return penaltyOf('203.0.113.1')
  })
  assert.deepEqual(afterwards, [0, 0, 1_000])
})

test('requests that were under way when a penalty began do not lengthen it', () => {
  const clock = testClock()
  const { note, penaltyOf } = addressPenalties(clock)
  for (let count = 0; count < 20; count += 1) note(refusedOf('203.0.113.1'), settings)
  assert.equal(penaltyOf('203.0.113.1'), 1_000)
  clock.advance(1_000)
  note(refusedOf('203.0.113.1'), settings)
  assert.equal(penaltyOf('203.0.113.1'), 2_000)
})

test('a penalty is not forgotten as soon as it is over', () => {
  const clock = testClock()
  const { note, penaltyOf } = addressPenalties(clock)
  const guess = () => {
    note(refusedOf('203.0.113.1'), settings)
    return penaltyOf('203.0.113.1')
  }
  assert.deepEqual([guess(), guess(), guess()], [0, 0, 1_000])
  clock.advance(1_000 + settings.longestMs)
  assert.equal(guess(), 2_000)
  clock.advance(2_000 + settings.longestMs + 1)
  assert.deepEqual([guess(), guess()], [0, 1_000])
})

test('counts no requests of verified integrations, no failures of the gateway and no refusals for a penalty', () => {
  const { note, penaltyOf } = addressPenalties(testClock())
  for (let count = 0; count < 10; count += 1) {
    const verified = refusedOf('203.0.113.1', 'route-not-granted', 403)
    verified.verified = 'acme-erp'
    note(verified, settings)
    note(refusedOf('203.0.113.1', 'audit-unavailable', 503), settings)
    note(refusedOf('203.0.113.1', 'client-closed', 499), settings)
    note(refusedOf('203.0.113.1', 'address-rate-limited', 429), settings)
  }
  assert.equal(penaltyOf('203.0.113.1'), 0)
})

test('counts each refusal once, however often it is told of', () => {
  const { note, penaltyOf } = addressPenalties(testClock())
  const refused = refusedOf('203.0.113.1')
  for (let count = 0; count < 10; count += 1) note(refused, settings)
  assert.equal(penaltyOf('203.0.113.1'), 0)
})

test('counts an IPv6 caller by its /64', () => {
  const { note, penaltyOf } = addressPenalties(testClock())
  for (let host = 1; host < 4; host += 1) note(refusedOf(`2001:db8:1:2::${host}`), settings)
  assert.ok(penaltyOf('2001:db8:1:2::/64') > 0)
})

test('a flood of addresses moves no counter of an integration', () => {
  const clock = testClock()
  const { note } = addressPenalties(clock)
  const decide = memoryLimits({ monotonic: clock, wall: clock })
  const charge = chargeOn([rateOf(1, 3600, 1)])
  decide(charge)
  for (let index = 0; index < 200_000; index += 1) {
    note(refusedOf(`10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`), settings)
  }
  const decision = decide(charge)
  assert.equal(decision.outcome === 'decided' && decision.isAllowed, false)
})
