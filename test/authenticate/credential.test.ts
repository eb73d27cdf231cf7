import assert from 'node:assert/strict'
import { test } from 'node:test'
import { credential } from '../../src/authenticate/credential.ts'
import { Secret } from '../../src/contract/secret.ts'
import { tokenDigest } from '../../src/contract/token-digest.ts'
import { allow } from '../../src/policy.ts'
import { compileRedaction } from '../../src/record/redaction/compile-redaction.ts'
import { requestContext } from '../support/request.ts'
import { services } from '../support/services.ts'
import { rejectionOf } from '../support/verdicts.ts'

const check = credential.prepare(new Secret('acme-token-0123456789'), services())

function verdictFor(token: string | undefined) {
  const request = requestContext()
  request.bearerDigest = token === undefined ? undefined : tokenDigest(token)
  return check(request)
}

test('accepts the token of the integration', () => {
  assert.equal(verdictFor('acme-token-0123456789'), allow)
})

test('does the work of a signature check for a wrong token, and none for the right one', async () => {
  let spent = 0
  const spendDecoy = () => {
    spent += 1
  }
  const secret = new Secret('acme-token-0123456789')
  const spending = credential.prepare(secret, { ...services(), spendDecoy })
  const request = requestContext()
  request.bearerDigest = tokenDigest('another-token-0123456789')
  assert.equal((await rejectionOf(spending(request))).code, 'unauthenticated')
  assert.equal(spent, 1)
  request.bearerDigest = tokenDigest('acme-token-0123456789')
  assert.equal(spending(request), allow)
  assert.equal(spent, 1)
})

test('refuses any other token, and none, with one and the same code', async () => {
  for (const token of ['acme-token-012345678', 'acme-token-01234567890', '', undefined]) {
    const verdict = await rejectionOf(verdictFor(token))
    assert.equal(verdict.code, 'unauthenticated')
    assert.equal(verdict.detail, undefined)
  }
})

test('says why in words that the audit trail does not take for a credential', async () => {
  const redact = await compileRedaction([])
  for (const token of ['another-token-0123456789', undefined]) {
    const { reason } = await rejectionOf(verdictFor(token))
    assert.equal(redact(reason), reason)
  }
})
