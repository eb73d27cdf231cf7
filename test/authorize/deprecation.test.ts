import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { deprecation } from '../../src/authorize/deprecation.ts'
import { allow } from '../../src/policy.ts'
import { acme, globex, startGateway } from '../support/gateway.ts'
import { acmeHeaders, globexHeaders, send } from '../support/http-client.ts'
import { startMagento } from '../support/magento-for-tests.ts'
import { startRawUpstream } from '../support/raw-upstream.ts'
import { requestContext } from '../support/request.ts'
import { services } from '../support/services.ts'

const route = 'GET /V1/products/:sku'

test('an answer of a deprecated route says since when, until when and what to read', () => {
  const check = deprecation.prepare(
    { [route]: { since: '2026-01-01', sunset: '2027-03-31', link: 'https://shop.example/move' } },
    services(),
  )
  const request = requestContext()
  request.route = route
  assert.equal(check(request), allow)
  assert.deepEqual(request.answerHeaders, [
    ...['Deprecation', '@1767225600'],
    ...['Sunset', 'Wed, 31 Mar 2027 00:00:00 GMT'],
    ...['Link', '<https://shop.example/move>; rel="deprecation"; type="text/html"'],
  ])
})

test('an answer of another route says nothing, and no more is said than is known', () => {
  const check = deprecation.prepare({ [route]: { since: '2026-01-01' } }, services())
  const other = requestContext()
  other.route = 'GET /V1/orders/:id'
  assert.equal(check(other), allow)
  assert.deepEqual(other.answerHeaders, [])
  const request = requestContext()
  request.route = route
  assert.equal(check(request), allow)
  assert.deepEqual(request.answerHeaders, ['Deprecation', '@1767225600'])
})

test('Deprecation stands once, also where the signature of the request is deprecated too', async () => {
  await using magento = await startMagento()
  const policies = { ...acme.policies, deprecations: { [route]: { since: '2026-01-01' } } }
  await using gateway = await startGateway({
    magentoUrl: magento.url,
    integrations: [{ ...acme, policies }],
  })
  const answer = await send(gateway.url, { headers: acmeHeaders() })
  assert.equal(answer.headers.deprecation, '@1767225600')
})

describe('of Deprecation and Sunset, Magento and the gateway tell one value', () => {
  const own = '@1577836800'
  const ownSunset = 'Tue, 01 Jan 2030 00:00:00 GMT'
  for (const isCached of [false, true]) {
    for (const [name, deprecations, expected] of [
      ['that of Magento if nothing is configured', undefined, [own, ownSunset]],
      [
        'that of the gateway, and what only Magento has',
        { [route]: { since: '2026-01-01' } },
        ['@1767225600', ownSunset],
      ],
      [
        'those of the gateway',
        { [route]: { since: '2026-01-01', sunset: '2027-03-31' } },
        ['@1767225600', 'Wed, 31 Mar 2027 00:00:00 GMT'],
      ],
    ] as const) {
      test(`${name}${isCached ? ', in cached answers too' : ''}`, async () => {
        const fields = `deprecation: ${own}\r\nSunset: ${ownSunset}\r\nContent-Type: application/json`
        await using upstream = await startRawUpstream(
          (socket) =>
            void socket.write(`HTTP/1.1 200 OK\r\n${fields}\r\nContent-Length: 2\r\n\r\n{}`),
        )
        const policies = {
          ...globex.policies,
          ...(deprecations && { deprecations }),
          ...(isCached && { cache: { [route]: { ttlSeconds: 60 } } }),
        }
        await using gateway = await startGateway({
          magentoUrl: upstream.url,
          integrations: [{ ...globex, policies }],
        })
        for (const use of ['fwd=miss', 'hit']) {
          const { headers } = await send(gateway.url, { headers: globexHeaders })
          assert.deepEqual([headers.deprecation, headers.sunset], expected)
          if (isCached) assert.match(String(headers['cache-status']), new RegExp(use))
        }
      })
    }
  }
})
