import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { Secret } from '../../../src/contract/secret.ts'
import { openRedactions } from '../../../src/record/redaction/redactions.ts'

const settings = { emails: false }

function secretsOf(count: number): Secret[] {
  return Array.from({ length: count }, (_, index) => new Secret(`planted-secret-${index}`))
}

test('secrets are prepared in many turns, so that requests are served meanwhile', async () => {
  const redactions = openRedactions()
  let isPrepared = false
  const prepared = redactions.prepare(secretsOf(2_000), settings).then(() => {
    isPrepared = true
  })
  let turns = 0
  for (; !isPrepared; turns += 1) await nextTurn()
  await prepared
  assert.ok(turns >= 20)
})

test('what was prepared is not compiled again when it is added', async () => {
  const redactions = openRedactions()
  const secrets = secretsOf(3)
  await redactions.prepare(secrets, settings)
  assert.equal(redactions.redact('planted-secret-1'), 'planted-secret-1')
  secrets.length = 0
  const forget = redactions.add(secrets, settings)
  assert.equal(redactions.redact('a planted-secret-1'), 'a [redacted]')
  forget()
  assert.equal(redactions.redact('planted-secret-1'), 'planted-secret-1')
})

test('secrets that two configurations share are redacted until both are gone', async () => {
  const redactions = openRedactions()
  const forgetFirst = redactions.add(secretsOf(2), settings)
  const same = secretsOf(2).reverse()
  await redactions.prepare(same, settings)
  const forgetSecond = redactions.add(same, settings)
  forgetFirst()
  assert.equal(redactions.redact('planted-secret-1'), '[redacted]')
  forgetSecond()
  assert.equal(redactions.redact('planted-secret-1'), 'planted-secret-1')
})
