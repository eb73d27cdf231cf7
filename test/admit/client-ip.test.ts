import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { clientIp } from '../../src/admit/client-ip.ts'
import { allow } from '../../src/policy.ts'
import { requestContext } from '../support/request.ts'
import { services } from '../support/services.ts'

const check = clientIp.prepare(
  { trustedProxies: ['10.0.0.0/8', '2001:db8:f::/48', 'fe80::f/128'] },
  services(),
)

function resolve(remoteIp: string | undefined, forwardedFor: readonly string[] = []) {
  const request = requestContext({ remoteIp, headers: { 'X-Forwarded-For': forwardedFor } })
  const verdict = check(request)
  return verdict === allow ? request.clientIp : verdict
}

describe('believes X-Forwarded-For of trusted proxies only', () => {
  const cases: [string, string, string[], string][] = [
    ['without proxy', '203.0.113.9', [], '203.0.113.9'],
    ['an untrusted peer that sends one', '203.0.113.9', ['198.51.100.1'], '203.0.113.9'],
    ['one trusted proxy', '10.0.0.1', ['203.0.113.9'], '203.0.113.9'],
    [
      'what the caller itself put in front',
      '10.0.0.1',
      ['198.51.100.1, 203.0.113.9'],
      '203.0.113.9',
    ],
    ['two trusted proxies', '10.0.0.1', ['198.51.100.1, 203.0.113.9, 10.2.3.4'], '203.0.113.9'],
    ['several field lines', '10.0.0.1', ['198.51.100.1', '203.0.113.9', '10.2.3.4'], '203.0.113.9'],
    ['a trusted proxy that says nothing', '10.0.0.1', [], '10.0.0.1'],
    ['nothing but trusted proxies', '10.0.0.1', ['10.9.9.9'], '10.9.9.9'],
    ['an IPv4-mapped peer', '::ffff:10.0.0.1', ['203.0.113.9'], '203.0.113.9'],
    ['a link-local peer, which has a zone', 'fe80::1%eth0', [], 'fe80::1'],
    ['a link-local proxy', 'fe80::f%eth0', ['203.0.113.9'], '203.0.113.9'],
    ['an IPv4-mapped entry', '10.0.0.1', ['::FFFF:203.0.113.9'], '203.0.113.9'],
    ['a hex IPv4-mapped entry', '10.0.0.1', ['::ffff:cb00:7109'], '203.0.113.9'],
    ['an IPv6 entry in another spelling', '2001:db8:f::1', ['2001:DB8:0:0::7'], '2001:db8::7'],
    ['an IPv4 entry with a port', '10.0.0.1', ['203.0.113.9:8080'], '203.0.113.9'],
    ['a trusted proxy with a port', '10.0.0.1', ['203.0.113.9:80, 10.2.3.4:81'], '203.0.113.9'],
    ['an IPv6 entry with a port', '10.0.0.1', ['[2001:DB8::7]:8080'], '2001:db8::7'],
    ['an IPv6 entry in brackets', '10.0.0.1', ['[2001:db8::7]'], '2001:db8::7'],
    ['an IPv6 entry that ends like a port', '10.0.0.1', ['2001:db8::7:8080'], '2001:db8::7:8080'],
    ['rubbish left of what counts', '10.0.0.1', ['evil, 203.0.113.9'], '203.0.113.9'],
  ]
  for (const [name, remoteIp, forwardedFor, expected] of cases) {
    test(name, () => assert.equal(resolve(remoteIp, forwardedFor), expected))
  }
})

describe('refuses an address that it cannot read', () => {
  for (const entry of [
    'evil',
    '',
    '203.0.113.9:',
    '203.0.113.9:http',
    '203.0.113.9:80:80',
    '[203.0.113.9]',
    '[2001:db8::1',
    '[2001:db8::1]8080',
    '[fe80::1%eth0]:80',
    '203.0.113',
    'fe80::1%eth0',
  ]) {
    test(JSON.stringify(entry), () => {
      const verdict = resolve('10.0.0.1', [entry])
      assert.ok(typeof verdict === 'object')
      assert.equal(verdict.code, 'bad-request')
    })
  }
  test('a connection without address', () => {
    const verdict = resolve(undefined)
    assert.ok(typeof verdict === 'object')
    assert.equal(verdict.code, 'bad-request')
  })
})
