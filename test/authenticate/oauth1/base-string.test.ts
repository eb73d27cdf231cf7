import assert from 'node:assert/strict'
import { test } from 'node:test'
import { oauth1BaseString } from '../../../src/authenticate/oauth1/base-string.ts'
import type { Oauth1Parameters } from '../../../src/authenticate/oauth1/oauth1-parameters.ts'

const protocol: Oauth1Parameters = {
  oauth_consumer_key: '9djdj82h48djs9d2',
  oauth_token: 'kkk9d7dh3k39sjv7',
  oauth_signature_method: 'HMAC-SHA1',
  oauth_timestamp: '137131201',
  oauth_nonce: '7d8f3e4a',
  oauth_signature: 'never signed itself',
}

function baseStringOf(query: string | undefined, path = '/request') {
  return oauth1BaseString({ method: 'POST', origin: 'http://example.com', path, query }, protocol)
}

// The example of RFC 5849, section 3.4.1.1, but for its form body and its repeated a3.
test('agrees with the example of the RFC', () => {
  assert.equal(
    baseStringOf('b5=%3D%253D&a3=a&c%40=&a2=r%20b&c2='),
    'POST&http%3A%2F%2Fexample.com%2Frequest&a2%3Dr%2520b%26a3%3Da%26b5%3D%253D%25253D' +
      '%26c%2540%3D%26c2%3D%26oauth_consumer_key%3D9djdj82h48djs9d2%26oauth_nonce%3D7d8f3e4a' +
      '%26oauth_signature_method%3DHMAC-SHA1%26oauth_timestamp%3D137131201' +
      '%26oauth_token%3Dkkk9d7dh3k39sjv7',
  )
})

test('orders by name first, also where one name begins another', () => {
  assert.match(String(baseStringOf('a%2B=1&a=2&a-=3')), /&a%3D2%26a%252B%3D1%26a-%3D3%26oauth_/)
})

test('signs the path as it was sent', () => {
  assert.match(
    String(baseStringOf(undefined, '/rest/V1/products/a%2fB')),
    /%2Fproducts%2Fa%252fB&oauth/,
  )
})

test('reads + as a space and ignores an empty pair, as PHP does', () => {
  assert.equal(baseStringOf('a=1+2&b+c=3'), baseStringOf('a=1%202&b%20c=3'))
  assert.equal(baseStringOf('&a=1&&b=2&'), baseStringOf('a=1&b=2'))
  assert.notEqual(baseStringOf('a=1%2B2'), baseStringOf('a=1+2'))
})

test('makes none for a query that could be read in two ways', () => {
  for (const [query, reason] of [
    ['a=1&a=2', 'a query parameter occurs more than once'],
    ['a[]=1&a%5B%5D=2', 'a query parameter occurs more than once'],
    ['oauth_token=x', 'the query has a parameter of OAuth'],
    ['o%61uth_nonce=x', 'the query has a parameter of OAuth'],
    // Magento does not sign it either (Magento: Framework/Oauth/Helper/Request.php, _isProtocolParameter).
    ['my_oauth_nonce=x', 'the query has a parameter of OAuth'],
    ['a=%ff', 'the query is not UTF-8'],
  ]) {
    assert.deepEqual(baseStringOf(query), { reason })
  }
})
