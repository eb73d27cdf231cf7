import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { requestFraming } from '../../src/admit/request-framing.ts'
import { allow } from '../../src/policy.ts'
import { type RequestParts, requestContext } from '../support/request.ts'
import { services } from '../support/services.ts'

const check = requestFraming.prepare({}, services())

function codeOf(parts: RequestParts): string | undefined {
  const verdict = check(requestContext(parts))
  assert.ok(!(verdict instanceof Promise))
  return verdict === allow ? undefined : verdict.code
}

test('lets the methods of Magento through', () => {
  for (const method of ['GET', 'POST', 'PUT', 'DELETE']) assert.equal(codeOf({ method }), undefined)
})

test('refuses every other method', () => {
  for (const method of ['HEAD', 'OPTIONS', 'PATCH', 'TRACE', 'CONNECT', 'get', 'PURGE']) {
    assert.equal(codeOf({ method }), 'method-not-allowed')
  }
})

describe('refuses a repeated header that decides something', () => {
  for (const name of [
    'Authorization',
    'x-signature',
    'X-INTEGRATION-ID',
    'Content-Type',
    'Host',
    'Idempotency-Key',
    'Content-Encoding',
    'Content-Length',
    'Transfer-Encoding',
    'Expect',
    'X-Timestamp',
    'X-Nonce',
    'X-Forwarded-Proto',
    'X-Request-Id',
    'traceparent',
    'Client-Cert',
    'X-Client-Cert',
    'X-SSL-Client-Cert',
  ]) {
    test(name, () => assert.equal(codeOf({ headers: { [name]: ['a', 'b'] } }), 'bad-request'))
  }
})

test('refuses a value with white space around it, which HTTP/2 brings this far', () => {
  for (const value of [' a', 'a ', '\ta', 'a\t', ' ']) {
    assert.equal(codeOf({ headers: { 'Idempotency-Key': value } }), 'bad-request')
  }
  for (const value of ['', 'a b', 'a\tb', 'a\xa0']) {
    assert.equal(codeOf({ headers: { 'X-A': value } }), undefined)
  }
})

test('accepts a header with a list more than once', () => {
  assert.equal(codeOf({ headers: { Prefer: ['wait=10', 'respond-async'] } }), undefined)
})

test('refuses a GET with a body, a missing Host and an unknown expectation', () => {
  assert.equal(codeOf({ body: '{}' }), 'bad-request')
  assert.equal(codeOf({ headers: { Host: '' } }), 'bad-request')
  assert.equal(codeOf({ headers: { Expect: 'a-pony' } }), 'expectation-failed')
  assert.equal(codeOf({ headers: { Expect: '100-Continue' } }), undefined)
})

describe('Host', () => {
  for (const host of [
    'gateway.example',
    'a_b',
    '192.0.2.1:8080',
    '[2001:db8::1]',
    '[::ffff:192.0.2.1]:443',
    'a%2Db',
    'a:',
  ]) {
    test(`may be ${host}`, () => assert.equal(codeOf({ headers: { Host: host } }), undefined))
  }
  for (const host of [
    'a b',
    'user@a',
    'a/b',
    'http://a',
    'a?b',
    'a:x',
    'a:80:80',
    ':80',
    '[::1',
    '::1',
    '[a]b',
    'a%2',
    '\xe9',
  ]) {
    test(`may not be ${host}`, () => {
      assert.equal(codeOf({ headers: { Host: host } }), 'bad-request')
    })
  }
})
