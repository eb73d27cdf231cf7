import assert from 'node:assert/strict'
import crypto from 'node:crypto'
import { syncBuiltinESMExports } from 'node:module'
import { test } from 'node:test'
import { prepareDecoy } from '../../src/authenticate/decoy.ts'
import { longestSkewSeconds } from '../../src/authenticate/message-signature/message-signature-settings.ts'
import { prepareMessageSignature } from '../../src/authenticate/message-signature/verify.ts'
import { acme, startGateway, testEnv } from '../support/gateway.ts'
import { send } from '../support/http-client.ts'
import { startMagento } from '../support/magento-for-tests.ts'
import {
  nowMs,
  nowSeconds,
  origin,
  type Parts,
  received,
  settings,
  signedParts,
} from './message-signature/signed-request.ts'

test('a signature by public key costs the same when it is refused, whoever it names', (t) => {
  const { verify } = crypto
  const algorithms: unknown[] = []
  t.mock.method(crypto, 'verify', (...parts: Parameters<typeof verify>) => {
    algorithms.push(parts[0])
    return verify(...parts)
  })
  syncBuiltinESMExports()
  try {
    const clockSkewSeconds = longestSkewSeconds
    const own = prepareMessageSignature({ ...settings, clockSkewSeconds }, origin)
    const decoy = prepareDecoy(origin, () => nowMs)
    const costOf = (parts: Partial<Parts>, check: (request: never) => unknown = decoy) => {
      algorithms.length = 0
      const { headers, ...signed } = signedParts(parts)
      check(received({ ...signed, headers, target: '/rest/V1/products/other' }) as never)
      return algorithms.map(String).sort()
    }
    const both = ['null', 'sha256']
    for (const algorithm of ['ed25519', 'ecdsa-p256-sha256'] as const) {
      for (const ahead of [0, clockSkewSeconds]) {
        const parameters = { created: nowSeconds + ahead, expires: nowSeconds + ahead + 300 }
        const parts = { algorithm, parameters }
        assert.deepEqual(
          costOf(parts, (request) => own(request, nowMs)),
          both,
          algorithm,
        )
        assert.deepEqual(costOf(parts), both, 'nobody')
      }
    }
  } finally {
    t.mock.restoreAll()
    syncBuiltinESMExports()
  }
})

test('the record of a refused signature is as long, whoever is claimed to have made it', async () => {
  await using magento = await startMagento()
  const signature = { ...acme.credentials.signature, scheme: 'canonical' }
  const canonical = { ...acme, credentials: { ...acme.credentials, signature } }
  const nameless = { ...canonical, name: 'tokenless', credentials: { signature } }
  await using gateway = await startGateway({
    magentoUrl: magento.url,
    integrations: [canonical, nameless],
  })
  const claims = [
    { Authorization: `Bearer ${testEnv.ACME_TOKEN}` },
    { Authorization: 'Bearer of-nobody-at-all' },
    { 'X-Integration-Id': 'tokenless' },
    { 'X-Integration-Id': 'nobody' },
  ]
  const signed = {
    'X-Timestamp': String(Math.floor(Date.now() / 1_000)),
    'X-Nonce': 'a-nonce-of-this-test',
    'X-Signature': 'ab'.repeat(32),
  }
  for (const fields of [signed, { ...signed, 'X-Timestamp': '0' }]) {
    for (const claim of claims) {
      const headers = { ...claim, ...fields, 'Content-Type': 'application/json' }
      const request = { method: 'POST', path: '/rest/V1/products', headers, body: '{}' }
      assert.equal((await send(gateway.url, request)).status, 401)
    }
  }
  const evidence = (await gateway.auditRecords(claims.length * 2)).map(({ signature }) => signature)
  const [first] = evidence
  assert.match(first?.computed ?? '', /^magegate-v1\n/)
  assert.deepEqual(evidence.slice(0, claims.length), Array(claims.length).fill(first))
  assert.deepEqual(evidence.slice(claims.length), Array(claims.length).fill(undefined))
})
