import assert from 'node:assert/strict'
import type { AddressInfo } from 'node:net'
import { describe, mock, test } from 'node:test'
import { getResults, runTests } from 'http-cache-tests/client/runner.mjs'
import suites from 'http-cache-tests/tests/index.mjs'
import { acme, startGateway } from '../support/gateway.ts'
import { createOrigin, fetchThrough } from './cache-tests-client.ts'

/*
 * The public cache-tests (Mark Nottingham, https://cache-tests.fyi), the suite's own client and server on both sides
 * of the gateway, whose cache is a shared one that obeys what the upstream says.
 *
 * The package names dependencies for its command line and its page, which running the tests does not need;
 * package.json has a small package in their place.
 */

const rfc9111 =
  'RFC 9111, section 5.1, is newer than the package: the first value counts, and what is none is ignored'
const noCookies = 'on purpose: what has a cookie is never kept, and a cookie is never passed on'
const ownError =
  'the gateway answers 502 itself, which the suite takes for the cache; test/failure/cache.test.ts has it'

/** What the suite demands and the gateway does not do, and why. */
const exceptions: Readonly<Record<string, string>> = {
  'age-parse-nonnumeric': rfc9111,
  'age-parse-negative': rfc9111,
  'age-parse-float': rfc9111,
  'age-parse-prefix-twoline': rfc9111,
  'age-parse-dup-0': rfc9111,
  'age-parse-dup-0-twoline': rfc9111,
  'age-parse-dup-old': rfc9111,
  'age-parse-parameter': rfc9111,
  'age-parse-numeric-parameter': rfc9111,
  'stale-close-must-revalidate': ownError,
  'stale-close-proxy-revalidate': ownError,
  'stale-close-no-cache': ownError,
  'stale-close-s-maxage=2': ownError,
  'headers-store-Transfer-Encoding':
    'its answer has a transfer coding of no known name, which the gateway answers with 502',
  'headers-store-Set-Cookie': noCookies,
  'headers-store-Set-Cookie2': noCookies,
  '304-etag-update-response-Set-Cookie': noCookies,
  '304-etag-update-response-Set-Cookie2': noCookies,
  'invalidate-M-SEARCH': 'no method of Magento, refused with 405',
  'invalidate-M-SEARCH-cl': 'no method of Magento, refused with 405',
  'partial-use-headers': 'parts are not kept: a request for one goes to Magento',
  'other-authorization':
    "a caller's Authorization ends at the gateway; terms.test.ts has section 3.5",
}

const paths = ['/V1/products/:uuid', '/V1/products/:uuid/:file']
const rule = { ttlSeconds: 3_600, shared: true, upstream: 'obey' }
const suite = {
  name: 'suite',
  credentials: {
    signature: { scheme: 'body', secrets: [{ id: 'k1', value: 'env:ACME_HMAC_SECRET' }] },
  },
  upstream: acme.upstream,
  policies: {
    ipAllowlist: ['127.0.0.0/8'],
    routes: paths.flatMap((path) =>
      ['GET', 'POST', 'PUT', 'DELETE'].map((method) => `${method} ${path}`),
    ),
    cache: Object.fromEntries(paths.map((path) => [`GET ${path}`, rule])),
    repeatGuard: { windowMs: 0 },
    searchCriteria: { mode: 'off' },
  },
}

const demanded = suites
  .flatMap(({ tests }) => tests)
  .filter(
    ({ kind = 'required', browser_only: isForBrowsers }) => kind === 'required' && !isForBrowsers,
  )

/** How long the suite waits until answers have become stale (its client/utils.mjs), milliseconds. */
const suitePauseMs = 3_000

/**
 * Has time pass only while something is computed here, so that no answer becomes stale because the machine is busy, and
 * in the pauses of the suite, which then take no time.
 */
function setClock(): void {
  const startedAtMs = Date.now()
  let pausedMs = 0
  mock.method(Date, 'now', () => {
    const { user, system } = process.cpuUsage()
    return startedAtMs + pausedMs + Math.floor((user + system) / 1_000)
  })
  const { setTimeout } = globalThis
  mock.method(globalThis, 'setTimeout', (...[act, ms, ...more]: Parameters<typeof setTimeout>) => {
    if (ms !== suitePauseMs) return setTimeout(act, ms, ...more)
    pausedMs += ms
    return setTimeout(act)
  })
}

/** Runs what is demanded through a gateway of its own, one after the other, since their clock is one. */
async function runSuite() {
  setClock()
  const origin = createOrigin()
  origin.listen(0, '127.0.0.1')
  await new Promise((resolve) => origin.once('listening', resolve))
  const originUrl = `http://127.0.0.1:${(origin.address() as AddressInfo).port}`
  await using gateway = await startGateway({ magentoUrl: originUrl, integrations: [suite] })
  await runTests([{ tests: demanded }], fetchThrough(gateway.url, originUrl), false, originUrl, 1)
  origin.closeAllConnections()
  origin.close()
  return getResults()
}

const results = await runSuite().finally(() => mock.restoreAll())
test('the suite is there in full', () => {
  assert.equal(demanded.length, 157)
})

describe('what the public cache-tests demand of a shared cache', () => {
  for (const { id, name } of demanded) {
    if (id in exceptions) continue
    test(`${id}: ${name}`, () => assert.equal(results[id], true, String(results[id])))
  }
})

test('what is excepted from the suite is still not done', () => {
  for (const id of Object.keys(exceptions)) assert.notEqual(results[id], true, id)
})
