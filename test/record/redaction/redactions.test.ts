import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { Secret } from '../../../src/contract/secret.ts'
import { openRedactions } from '../../../src/record/redaction/redactions.ts'

const settings = { emails: false }

function secretsOf(count: number): Secret[] {
  return Array.from({ length: count }, (_, index) => new Secret(`planted-secret-${index}`))
}

test('secrets are added in many turns, so that requests are served meanwhile', async () => {
  const redactions = openRedactions()
  let isAdded = false
  const added = redactions.add(secretsOf(2_000), settings).then(() => {
    isAdded = true
  })
  let turns = 0
  for (; !isAdded; turns += 1) await nextTurn()
  await added
  assert.ok(turns >= 20)
})

test('secrets that two configurations share are redacted until both are gone', async () => {
  const redactions = openRedactions()
  const forgetFirst = await redactions.add(secretsOf(2), settings)
  const forgetSecond = await redactions.add(secretsOf(2).reverse(), settings)
  forgetFirst()
  assert.equal(redactions.redact('planted-secret-1'), '[redacted]')
  forgetSecond()
  assert.equal(redactions.redact('planted-secret-1'), 'planted-secret-1')
})
