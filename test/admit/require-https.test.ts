import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { requireHttps } from '../../src/admit/require-https.ts'
import { allow } from '../../src/policy.ts'
import { requestContext } from '../support/request.ts'
import { services } from '../support/services.ts'

const hsts = { maxAgeSeconds: 60, includeSubDomains: false }
const check = requireHttps.prepare({ requireHttps: true, hsts }, services())

function asked(proto: string | undefined, viaTrustedProxy: boolean, isTls = false) {
  const request = requestContext({
    isTls,
    headers: proto === undefined ? {} : { 'X-Forwarded-Proto': proto },
  })
  request.viaTrustedProxy = viaTrustedProxy
  return { isAllowed: check(request) === allow, headers: request.answerHeaders }
}

describe('what came over plain HTTP', () => {
  test('is taken where a trusted proxy says https, and told to go on with it', () => {
    assert.deepEqual(asked('https', true), {
      isAllowed: true,
      headers: ['Strict-Transport-Security', 'max-age=60'],
    })
  })

  for (const proto of ['http', 'https, http', 'http, https', 'httpsx', '', undefined]) {
    test(`is refused where a trusted proxy says ${proto ?? 'nothing'}, and told nothing`, () => {
      assert.deepEqual(asked(proto, true), { isAllowed: false, headers: [] })
    })
  }

  test('is refused whatever anybody else says', () => {
    assert.deepEqual(asked('https', false), { isAllowed: false, headers: [] })
  })
})

describe('what came over TLS to the gateway', () => {
  const taken = { isAllowed: true, headers: ['Strict-Transport-Security', 'max-age=60'] }

  for (const proto of ['https', '', undefined]) {
    test(`is taken where a trusted proxy says ${proto ?? 'nothing'}`, () => {
      assert.deepEqual(asked(proto, true, true), taken)
    })
  }

  test('is refused where a trusted proxy says that its caller used plain HTTP', () => {
    assert.deepEqual(asked('http', true, true), { isAllowed: false, headers: [] })
  })

  test('is taken whatever anybody else says', () => {
    assert.deepEqual(asked('http', false, true), taken)
  })
})
