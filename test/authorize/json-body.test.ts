import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { jsonBody } from '../../src/authorize/json-body.ts'
import { allow } from '../../src/policy.ts'
import { type RequestParts, requestContext } from '../support/request.ts'
import { services } from '../support/services.ts'

const route = 'POST /V1/products'
const check = jsonBody.prepare(
  { depth: 64, members: 1000, otherTypes: { [route]: ['text/xml'] } },
  services(),
)

function codeOf(parts: RequestParts, granted = 'PUT /V1/products/:sku') {
  const request = requestContext({ method: 'POST', body: '{"a":1}', ...parts })
  request.route = granted
  const verdict = check(request)
  assert.ok(!(verdict instanceof Promise))
  const { json, answerHeaders: told } = request
  return { code: verdict === allow ? 'allowed' : verdict.code, json, told }
}

describe('the content type is compared as one value', () => {
  const accepted = ['application/json', 'Application/JSON', 'application/json; charset=utf-8']
  for (const type of accepted) {
    test(`accepts ${type}`, () => {
      const { code, json } = codeOf({ headers: { 'Content-Type': type } })
      assert.equal(code, 'allowed')
      assert.deepEqual(json?.value, { a: 1 })
    })
  }
  const refused = [
    '',
    'application/json, text/xml',
    'application/json; charset=utf-16',
    'application/json; boundary=x',
    'application/jsonp',
    'text/xml',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
  ]
  for (const type of refused) {
    test(`refuses ${type || 'none'}`, () => {
      const { code, told } = codeOf({ headers: { 'Content-Type': type } })
      assert.equal(code, 'unsupported-media-type')
      // RFC 9110, section 12.5.3: Accept-Encoding would say that the coding is the reason.
      assert.deepEqual(told, [])
    })
  }
})

test('refuses a content coding, which would hide the body, and tells that it is the reason', () => {
  const headers = { 'Content-Type': 'application/json', 'Content-Encoding': 'gzip' }
  const { code, told } = codeOf({ headers })
  assert.equal(code, 'unsupported-media-type')
  assert.deepEqual(told, ['Accept-Encoding', 'identity'])
})

test('passes another type on unread where it is granted, and no further one', () => {
  const xml = { headers: { 'Content-Type': 'text/xml; charset=utf-8' }, body: '<a/>' }
  const granted = codeOf(xml, route)
  assert.equal(granted.code, 'allowed')
  assert.equal(granted.json, undefined)
  const inCapitals = { ...xml, headers: { 'Content-Type': 'Text/XML ;charset=utf-8' } }
  assert.equal(codeOf(inCapitals, route).code, 'allowed')
  const form = { headers: { 'Content-Type': 'multipart/form-data; boundary=x' } }
  assert.equal(codeOf(form, route).code, 'unsupported-media-type')
})

test('has nothing against a request without a body', () => {
  assert.equal(codeOf({ body: '' }).code, 'allowed')
})
