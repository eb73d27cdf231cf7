import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { configFaults } from './config-faults.ts'

const secret = { id: 'k1', value: 'env:ACME_HMAC_SECRET' }
const oauth1Key = {
  id: 'k1',
  consumerKey: 'env:ACME_TOKEN',
  consumerSecret: 'env:ACME_TOKEN',
  accessToken: 'env:ACME_TOKEN',
  accessTokenSecret: 'env:ACME_TOKEN',
}
const messageKey = { id: 'k1', algorithm: 'hmac-sha256', secret: 'env:LONG_SECRET' }

/** Of each scheme its keys, and where they stand. */
const schemes = [
  ['canonical', 'secrets', secret],
  ['body', 'secrets', secret],
  ['oauth1', 'keys', oauth1Key],
  ['rfc9421', 'keys', messageKey],
] as const

describe('a key is refused whose end is not a time, so that it would never end', () => {
  for (const [scheme, keys, key] of schemes) {
    test(`with scheme ${scheme}`, async () => {
      const pointer = `/credentials/signature/${keys}/0/notAfter`
      for (const notAfter of [
        '2027-13-01T00:00:00Z',
        '2027-02-30T00:00:00Z',
        '2027-01-31T25:00:00Z',
        '2027-01-31T24:00:00Z',
        '2027-01-31',
        'never',
      ]) {
        const signature = { scheme, [keys]: [{ ...key, notAfter }] }
        const faults = await configFaults({ integration: { credentials: { signature } } })
        assert.equal(
          faults.get(pointer),
          'a time in UTC, such as 2027-01-31T00:00:00Z',
          `${notAfter}: ${[...faults.keys()]}`,
        )
      }
      const signature = { scheme, [keys]: [{ ...key, notAfter: '2028-02-29T23:59:59Z' }] }
      const faults = await configFaults({ integration: { credentials: { signature } } })
      assert.equal(faults.has(pointer), false)
    })
  }
})

test('a date that does not exist is refused for a deprecated route', async () => {
  for (const date of ['2027-02-30', '2027-13-01', '2027-00-10']) {
    const policies = {
      routes: ['GET /V1/products'],
      deprecations: { 'GET /V1/products': { since: '2027-01-01', sunset: date } },
    }
    const faults = await configFaults({ integration: { policies } })
    const pointer = '/policies/deprecations/GET ~1V1~1products/sunset'
    assert.deepEqual([...faults], [[pointer, 'a date such as 2027-03-31']])
  }
})
