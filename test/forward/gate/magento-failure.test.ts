import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hasMagentoFailed } from '../../../src/forward/gate/magento-failure.ts'
import { answerTooLong } from '../../../src/forward/upstream-failure.ts'
import { reject } from '../../../src/problem.ts'
import { clientClosed } from '../../../src/server/answer.ts'

test('what shows that Magento fails are its answers 502, 503 and 504, of any content', () => {
  for (const status of [502, 503, 504]) {
    assert.equal(hasMagentoFailed({ status }, { status }, undefined, 0), true)
  }
  for (const status of [200, 401, 404, 429, 500]) {
    assert.equal(hasMagentoFailed({ status }, { status }, undefined, 0), false)
  }
})

test('an answer that does not come in time shows that Magento fails, one that has begun or is too long does not', () => {
  const late = reject('upstream-timeout', 'TOTAL_TIMEOUT')
  assert.equal(hasMagentoFailed({}, undefined, late, 0), true)
  assert.equal(hasMagentoFailed({ status: 200 }, undefined, late, 0), false)
  assert.equal(hasMagentoFailed({ status: 200 }, undefined, answerTooLong, 0), false)
  const silent = reject('upstream-timeout', 'UND_ERR_BODY_TIMEOUT')
  assert.equal(hasMagentoFailed({ status: 200 }, undefined, silent, 0), true)
})

test('no answer within the little time that was left shows nothing, but a connection that breaks off does', () => {
  const late = reject('upstream-timeout', 'TOTAL_TIMEOUT')
  const reset = reject('upstream-failed', 'UND_ERR_SOCKET')
  assert.equal(hasMagentoFailed({ durationMs: 499 }, undefined, late, 500), undefined)
  assert.equal(hasMagentoFailed({ durationMs: 500 }, undefined, late, 500), true)
  assert.equal(hasMagentoFailed({ durationMs: 1 }, undefined, reset, 500), true)
})

test('nothing is concluded if nothing was sent, no answer came, or the caller left', () => {
  assert.equal(
    hasMagentoFailed(undefined, undefined, reject('upstream-error', 'a token'), 0),
    undefined,
  )
  assert.equal(hasMagentoFailed({}, undefined, undefined, 0), undefined)
  assert.equal(hasMagentoFailed({ status: 200 }, clientClosed, undefined, 0), undefined)
})
