import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hasMagentoFailed } from '../../../src/forward/gate/magento-failure.ts'
import { reject } from '../../../src/problem.ts'
import { clientClosed } from '../../../src/server/answer.ts'

const startedAt = 0

test('what shows that Magento fails are its answers 502, 503 and 504, of any content', () => {
  for (const status of [502, 503, 504]) {
    assert.equal(hasMagentoFailed({ startedAt, status }, { status }, undefined), true)
  }
  for (const status of [200, 401, 404, 429, 500]) {
    assert.equal(hasMagentoFailed({ startedAt, status }, { status }, undefined), false)
  }
})

test('an answer that does not come in time shows that Magento fails, one that has begun does not', () => {
  const late = reject('upstream-timeout', 'TOTAL_TIMEOUT')
  assert.equal(hasMagentoFailed({ startedAt }, undefined, late), true)
  assert.equal(hasMagentoFailed({ startedAt, status: 200 }, undefined, late), false)
  const silent = reject('upstream-timeout', 'UND_ERR_BODY_TIMEOUT')
  assert.equal(hasMagentoFailed({ startedAt, status: 200 }, undefined, silent), true)
})

test('nothing is concluded if nothing was sent, no answer came, or the caller left', () => {
  assert.equal(
    hasMagentoFailed(undefined, undefined, reject('upstream-error', 'a token')),
    undefined,
  )
  assert.equal(hasMagentoFailed({ startedAt }, undefined, undefined), undefined)
  assert.equal(hasMagentoFailed({ startedAt, status: 200 }, clientClosed, undefined), undefined)
})
