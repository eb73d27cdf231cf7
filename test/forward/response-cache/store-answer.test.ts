import assert from 'node:assert/strict'
import { test } from 'node:test'
import { storeAnswer } from '../../../src/forward/response-cache/store-answer.ts'

const receivedAtMs = Date.UTC(2026, 10, 28, 9, 0, 0)

/** How old an answer with these fields is when it arrives, two seconds after Magento was asked. */
function ageOf(...headers: readonly string[]): number {
  const answer = { headers, body: Buffer.alloc(0), askedAtMs: receivedAtMs - 2_000, receivedAtMs }
  return storeAnswer(answer, undefined).initialAgeMs
}

test('RFC 9111, section 4.2.3: an answer is as old as it says, and as its Date and its way to the gateway tell', () => {
  assert.equal(ageOf(), 2_000)
  assert.equal(ageOf('Age', '3'), 5_000)
  assert.equal(ageOf('Age', '3', 'Date', 'Sat, 28 Nov 2026 08:59:54 GMT'), 6_000)
  assert.equal(ageOf('Date', 'Sat, 28 Nov 2026 09:00:09 GMT'), 2_000)
})
