import assert from 'node:assert/strict'
import { test } from 'node:test'
import { selectingFields, variantKey } from '../../../src/forward/response-cache/cache-key.ts'

test('fields in Vary select an answer, except those that callers cannot choose or that are in every key', () => {
  const own = 'Cookie, Host, X-Requested-With'
  const vary = ['Vary', 'Accept-Language,, X-Foo', 'vary', `${own}, x-bar, X-Foo`]
  assert.deepEqual(selectingFields(vary, true), ['x-bar', 'x-foo'])
  assert.deepEqual(selectingFields([], true), [])
})

test('an answer that differs with each request is not kept', () => {
  for (const name of ['*', 'X-Request-Id', 'traceparent', 'X-Forwarded-For']) {
    assert.equal(selectingFields(['Vary', `Accept, ${name}`], false), undefined, name)
  }
})

test('an answer that depends on the credential is kept for one integration, and never for several', () => {
  assert.deepEqual(selectingFields(['Vary', 'Authorization'], false), [])
  assert.equal(selectingFields(['Vary', 'Authorization'], true), undefined)
})

test('an answer that is selected by one field is not given for the same value of another', () => {
  const red = ['Colour', 'red', 'Size', 'red']
  assert.notEqual(variantKey('key', ['colour'], red), variantKey('key', ['size'], red))
})

test('an answer that is selected by a field is not given under another key for the same value', () => {
  const red = ['Colour', 'red']
  assert.notEqual(variantKey('one', ['colour'], red), variantKey('other', ['colour'], red))
})
