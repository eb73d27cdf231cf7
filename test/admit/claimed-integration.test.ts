import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { test } from 'node:test'
import { claimedIntegration } from '../../src/admit/claimed-integration.ts'
import { tokenDigest } from '../../src/contract/token-digest.ts'
import { requestContext } from '../support/request.ts'
import { services, testClock } from '../support/services.ts'
import { pem } from '../support/tls/pem.ts'

const token = 'acme-token-0123456789'
const certificate = new X509Certificate(pem('client.cert'))
const clock = testClock()
const check = claimedIntegration.prepare(
  {
    names: new Set(['acme-erp', 'globex-pim']),
    certificatePins: new Map([['globex-pim', (_, nowMs) => nowMs === clock()]]),
    byToken: new Map([[tokenDigest(token), 'acme-erp']]),
    bySignature: (rawHeaders) => (rawHeaders.includes('signature') ? 'globex-pim' : undefined),
  },
  services(clock),
)

function claimOf(headers: Record<string, string>) {
  const request = requestContext({ headers })
  check(request)
  return request.claimed
}

test('finds the integration by its bearer token', () => {
  assert.deepEqual(claimOf({ authorization: `Bearer ${token}` }), {
    integration: 'acme-erp',
    by: 'token',
  })
  assert.deepEqual(claimOf({ AUTHORIZATION: `bearer ${token}` }), {
    integration: 'acme-erp',
    by: 'token',
  })
})

test('finds the integration by the name that it gives itself', () => {
  assert.deepEqual(claimOf({ 'X-Integration-Id': 'globex-pim' }), {
    integration: 'globex-pim',
    by: 'name',
  })
})

test('accepts a token and a name that agree, and no contradiction', () => {
  const authorization = `Bearer ${token}`
  assert.equal(claimOf({ authorization, 'X-Integration-Id': 'acme-erp' })?.integration, 'acme-erp')
  assert.equal(claimOf({ authorization, 'X-Integration-Id': 'globex-pim' }), undefined)
})

test('finds no integration for an unknown or malformed claim', () => {
  assert.equal(claimOf({}), undefined)
  assert.equal(claimOf({ authorization: 'Bearer wrong-token-0123456789' }), undefined)
  assert.equal(claimOf({ authorization: `Bearer  ${token}` }), undefined)
  assert.equal(claimOf({ authorization: `Basic ${token}` }), undefined)
  assert.equal(claimOf({ authorization: token }), undefined)
  assert.equal(claimOf({ 'X-Integration-Id': 'initech' }), undefined)
})

test('finds the integration by the key that its signature names, unless it says who it is', () => {
  const globex = { integration: 'globex-pim', by: 'name' }
  assert.deepEqual(claimOf({ signature: 'sig1' }), globex)
  assert.equal(
    claimOf({ signature: 'sig1', 'X-Integration-Id': 'acme-erp' })?.integration,
    'acme-erp',
  )
  const authorization = `Bearer ${token}`
  assert.equal(claimOf({ signature: 'sig1', authorization })?.integration, 'acme-erp')
})

test('finds the integration by its certificate, which proves as much as a token', () => {
  const claimWith = (headers: Record<string, string>) => {
    const request = requestContext({ headers })
    request.clientCertificate = { certificate, isChainTrusted: false }
    check(request)
    return request.claimed
  }
  assert.deepEqual(claimWith({}), { integration: 'globex-pim', by: 'certificate' })
  assert.equal(claimWith({ 'X-Integration-Id': 'acme-erp' }), undefined)
  assert.equal(claimWith({ authorization: `Bearer ${token}` })?.integration, 'acme-erp')
})
