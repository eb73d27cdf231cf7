import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ipAllowlist } from '../../src/admit/ip-allowlist.ts'
import { allow } from '../../src/policy.ts'
import { configFaults } from '../config/config-faults.ts'
import { globex } from '../support/gateway.ts'
import { requestContext } from '../support/request.ts'
import { services } from '../support/services.ts'
import { rejectionOf } from '../support/verdicts.ts'

const check = ipAllowlist.prepare(['203.0.113.0/24', '2001:db8:7::/48', '198.51.100.7'], services())

function verdictFor(clientIp: string | undefined) {
  const request = requestContext()
  request.clientIp = clientIp
  request.claimed = { integration: 'acme-erp', by: 'token' }
  return check(request)
}

describe('admits listed addresses', () => {
  for (const ip of [
    '203.0.113.0',
    '203.0.113.255',
    '2001:db8:7::1',
    '2001:db8:7:ffff::',
    '198.51.100.7',
  ]) {
    test(ip, () => assert.equal(verdictFor(ip), allow))
  }
})

describe('refuses all others', async () => {
  for (const ip of [
    '203.0.112.255',
    '203.0.114.0',
    '2001:db8:8::',
    '198.51.100.8',
    '::1',
    undefined,
  ]) {
    test(String(ip), async () => {
      const verdict = await rejectionOf(verdictFor(ip))
      assert.equal(verdict.code, 'address-not-allowed')
    })
  }
})

test('takes a block by its first address only, since one with others may be meant for one address', async () => {
  const pointersOf = async (...ipAllowlist: string[]) => [
    ...(
      await configFaults({
        integration: { ...globex, policies: { ...globex.policies, ipAllowlist } },
      })
    ).keys(),
  ]
  const first = ['10.0.0.0/8', '0.0.0.0/0', '203.0.113.7/32', '203.0.113.4/30', '::/0']
  const firstOf6 = ['2001:db8::/33', '2001:db8:8000::/33', '::1/128', '::ffff:10.0.0.0/104']
  assert.deepEqual(await pointersOf(...first, ...firstOf6), [])
  const others = ['203.0.113.7/24', '128.0.0.0/0', '2001:db8:1::/33', '::1/127', '1::2:3:4/112']
  const places = others.map((_, index) => `/policies/ipAllowlist/${index}`)
  assert.deepEqual(await pointersOf(...others), places)
})

test('takes a block of IPv6 for no IPv4 addresses, unless it consists of IPv4-mapped ones', () => {
  const lets = (cidr: string, clientIp: string) => {
    const request = requestContext()
    request.clientIp = clientIp
    request.claimed = { integration: 'acme-erp', by: 'token' }
    return ipAllowlist.prepare([cidr], services())(request) === allow
  }
  for (const cidr of ['::/0', '::/8', '::/80', '::/96']) {
    assert.equal(lets(cidr, '192.0.2.1'), false, cidr)
    assert.equal(lets(cidr, '::5'), true, cidr)
  }
  for (const cidr of ['::ffff:192.0.2.0/120', '::ffff:192.0.2.1', '::ffff:0:0/96']) {
    assert.equal(lets(cidr, '192.0.2.1'), true, cidr)
    assert.equal(lets(cidr, '::5'), false, cidr)
  }
  assert.equal(lets('::ffff:192.0.2.0/120', '192.0.3.1'), false)
  assert.equal(lets('0.0.0.0/0', '::5'), false)
})

test('treats a name from another address as no claim', () => {
  const request = requestContext()
  request.clientIp = '192.0.2.1'
  request.claimed = { integration: 'acme-erp', by: 'name' }
  assert.equal(check(request), allow)
  assert.equal(request.claimFault, 'address is not in the allowlist')
})

test('answers alike however many other addresses have asked in between', () => {
  const addresses = Array.from({ length: 600 }, (_, index) => {
    const lastPart = index % 256
    return index % 2 === 0 ? `203.0.113.${lastPart}` : `192.0.2.${lastPart}`
  })
  for (const ip of [...addresses, ...addresses]) {
    assert.equal(verdictFor(ip) === allow, ip.startsWith('203.0.113.'), ip)
  }
})
