import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseRequestTarget } from '../../src/admit/request-target.ts'
import { canonicalRequest } from '../../src/authenticate/canonical-request.ts'
import { derivedValue } from '../../src/authenticate/message-signature/derived-component.ts'
import { rewriteQuery } from '../../src/forward/oauth1/rewrite-query.ts'
import { fuzzRuns, fuzzSeed, mutate, pick, randomFrom } from './mutation.ts'

const seeds = [
  '/rest/V1/products/24-MB01',
  '/rest/V1/products/A%2FB?fields=sku,name',
  '/rest/all/V1/orders/7/comments',
  '/rest/default/V1/products?searchCriteria[filter_groups][0][filters][0][field]=sku',
  '/rest/V1/categories/%C3%A9t%C3%A9',
]
const pieces = [
  ...['/', '//', '.', '..', '/./', '/../', '%2e', '%2E%2e', '%2f', '%5c', '\\', '?', '#', ';', ':'],
  ...['%', '%0', '%00', '%0a', '%0d%0a', '%25', '%252e', '%ff', '%c0%af', '%u002e', '+', ' ', '\t'],
  ...['@', '&', '=', '[', ']', 'V1', 'rest', 'all', 'async', 'schema', 'é', '\u0080', '\0', '\n'],
  ...['http://a', '*', "'", '"', '<', '|', '~', 'a', 'Z', '0'],
]

/** As RFC 3986 and as every browser reads it: an independent parser. */
function pathOfUrl(raw: string): string {
  return new URL(`http://host.example${raw}`).pathname
}

/** A component of RFC 9421, as clients sign it and as the gateway signs what it sends. */
function derived(name: string, path: string, query: string | undefined) {
  const component = { name, identifier: `"${name}"`, form: 'plain', member: undefined } as const
  const control = { method: 'GET', path, query }
  return derivedValue(component, control, { scheme: 'https', authority: 'a' })
}

test('what passes is matched, signed and sent as it came, and nobody reads another path in it', () => {
  const random = randomFrom(fuzzSeed)
  const stores = new Set(['default', 'all'])
  let passed = 0
  for (let left = fuzzRuns(200_000); left > 0; left -= 1) {
    const raw = mutate(random, pick(random, seeds), pieces)
    const target = parseRequestTarget(raw, stores)
    if ('fault' in target) {
      assert.equal(typeof target.fault, 'string')
      continue
    }
    passed += 1
    const { path, query, store, segments } = target
    const sent = query === undefined ? path : `${path}?${query}`
    assert.equal(sent, raw)
    const matched = `/rest/${store === undefined ? '' : `${store}/`}${segments.join('/')}`
    assert.equal(matched, path)
    const parts = { timestamp: '1', nonce: 'n', method: 'GET', path, query: query ?? '', body: '' }
    assert.deepEqual(canonicalRequest(parts).split('\n').slice(4, 6), [path, query ?? ''])
    assert.equal(derived('@request-target', path, query), raw)
    assert.equal(derived('@path', path, query), path)
    assert.equal(derived('@query', path, query), `?${query ?? ''}`)
    // What OAuth 1.0a is signed and sent with is one form, that stays as it is.
    const rewritten = rewriteQuery(query)
    if (!('fault' in rewritten)) assert.deepEqual(rewriteQuery(rewritten.query), rewritten, raw)
    assert.equal(pathOfUrl(raw), path, raw)
    for (const segment of segments) {
      const decoded = decodeURIComponent(segment)
      assert.ok(!/^\.{0,2}$|\p{Cc}|(?:^|[/\\])\.{1,2}(?:[/\\]|$)/u.test(decoded), raw)
    }
  }
  // Were nearly all refused, nothing would have been tried.
  assert.ok(passed > 100, String(passed))
})
