import assert from 'node:assert/strict'
import { test } from 'node:test'
import { deprecation } from '../../src/authorize/deprecation.ts'
import { allow } from '../../src/policy.ts'
import { acme, startGateway } from '../support/gateway.ts'
import { acmeHeaders, send } from '../support/http-client.ts'
import { startMagento } from '../support/magento-for-tests.ts'
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
