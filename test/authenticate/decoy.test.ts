import assert from 'node:assert/strict'
import crypto from 'node:crypto'
import { syncBuiltinESMExports } from 'node:module'
import { test } from 'node:test'
import { prepareDecoy } from '../../src/authenticate/decoy.ts'
import { prepareMessageSignature } from '../../src/authenticate/message-signature/verify.ts'
import {
  nowMs,
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
    const own = prepareMessageSignature(settings, origin)
    const decoy = prepareDecoy(origin, () => nowMs)
    const costOf = (parts: Partial<Parts>, check: (request: never) => unknown = decoy) => {
      algorithms.length = 0
      const { headers, ...signed } = signedParts(parts)
      check(received({ ...signed, headers, target: '/rest/V1/products/other' }) as never)
      return algorithms.map(String).sort()
    }
    const both = ['null', 'sha256']
    for (const algorithm of ['ed25519', 'ecdsa-p256-sha256'] as const) {
      assert.deepEqual(
        costOf({ algorithm }, (request) => own(request, nowMs)),
        both,
        algorithm,
      )
      assert.deepEqual(costOf({ algorithm }), both, 'nobody')
    }
  } finally {
    t.mock.restoreAll()
    syncBuiltinESMExports()
  }
})
