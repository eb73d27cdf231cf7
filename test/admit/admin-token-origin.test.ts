import assert from 'node:assert/strict'
import { test } from 'node:test'
import { adminTokenOrigin } from '../../src/admit/admin-token-origin.ts'
import { allow } from '../../src/policy.ts'
import { requestContext } from '../support/request.ts'
import { services } from '../support/services.ts'
import { rejectionOf } from '../support/verdicts.ts'

const payload = Buffer.from('{"uid":1,"utypid":2}').toString('base64url')

function verdictFrom(clientIp: string | undefined, scheme = 'Bearer') {
  const request = requestContext({ headers: { Authorization: `${scheme} e30.${payload}.AAAA` } })
  request.clientIp = clientIp
  request.claimed = { integration: 'acme-erp', by: 'certificate' }
  return adminTokenOrigin.prepare(['203.0.113.0/24'], services())(request)
}

test('takes a token of an administrator from a listed address, and from no other', async () => {
  assert.equal(verdictFrom('203.0.113.7'), allow)
  for (const clientIp of ['198.51.100.7', '2001:db8::1', undefined]) {
    assert.equal((await rejectionOf(verdictFrom(clientIp))).code, 'address-not-allowed')
  }
  // Magento reads the scheme in either case.
  const { code } = await rejectionOf(verdictFrom('198.51.100.7', 'bearer'))
  assert.equal(code, 'address-not-allowed')
})

test('treats a name beside such a token from elsewhere as no claim', () => {
  const request = requestContext({ headers: { Authorization: `Bearer e30.${payload}.AAAA` } })
  request.claimed = { integration: 'acme-erp', by: 'name' }
  assert.equal(adminTokenOrigin.prepare([], services())(request), allow)
  assert.match(request.claimFault ?? '', /administrator/)
})
