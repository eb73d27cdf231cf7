import assert from 'node:assert/strict'
import { SocketAddress } from 'node:net'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { isPublicAddress } from '../../src/callbacks/public-address.ts'

/*
 * The registries once more, told in numbers and reckoned without BlockList: what is not to be reached, each as
 * first and last address.
 */
const specialIpv4: readonly (readonly [string, string])[] = [
  ['0.0.0.0', '0.255.255.255'],
  ['10.0.0.0', '10.255.255.255'],
  ['100.64.0.0', '100.127.255.255'],
  ['127.0.0.0', '127.255.255.255'],
  ['169.254.0.0', '169.254.255.255'],
  ['172.16.0.0', '172.31.255.255'],
  ['192.0.0.0', '192.0.0.255'],
  ['192.0.2.0', '192.0.2.255'],
  ['192.88.99.0', '192.88.99.255'],
  ['192.168.0.0', '192.168.255.255'],
  ['198.18.0.0', '198.19.255.255'],
  ['198.51.100.0', '198.51.100.255'],
  ['203.0.113.0', '203.0.113.255'],
  ['224.0.0.0', '255.255.255.255'],
]

const specialIpv6: readonly (readonly [string, string])[] = [
  ['::', '1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
  ['2001::', '2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff'],
  ['2001:db8::', '2001:db8:ffff:ffff:ffff:ffff:ffff:ffff'],
  ['2002::', '2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
  ['3fff::', '3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff'],
  ['4000::', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
]

function numberOfIpv4(text: string): bigint {
  return text.split('.').reduce((sum, part) => sum * 256n + BigInt(part), 0n)
}

function numberOfIpv6(text: string): bigint {
  const [head = '', tail = ''] = text.split('::')
  const left = head === '' ? [] : head.split(':')
  const right = tail === '' ? [] : tail.split(':')
  const groups = [...left, ...Array(8 - left.length - right.length).fill('0'), ...right]
  return groups.reduce((sum, group) => sum * 65_536n + BigInt(`0x${group}`), 0n)
}

function ipv4Of(number: bigint): string {
  return [24n, 16n, 8n, 0n].map((bits) => (number >> bits) & 255n).join('.')
}

/** Written out, or in the usual short spelling. */
function ipv6Of(number: bigint, isShort: boolean): string {
  const groups = Array.from({ length: 8 }, (_, index) =>
    ((number >> BigInt(112 - 16 * index)) & 65_535n).toString(16),
  )
  const long = groups.join(':')
  return isShort ? new SocketAddress({ address: long, family: 'ipv6' }).address : long
}

function arbitraryIn([first, last]: readonly [bigint, bigint]) {
  return fc.oneof(fc.bigInt({ min: first, max: last }), fc.constantFrom(first, last))
}

const rangesIpv4 = specialIpv4.map(
  ([first, last]) => [numberOfIpv4(first), numberOfIpv4(last)] as const,
)
const rangesIpv6 = specialIpv6.map(
  ([first, last]) => [numberOfIpv6(first), numberOfIpv6(last)] as const,
)

function isWithin(ranges: readonly (readonly [bigint, bigint])[], number: bigint): boolean {
  return ranges.some(([first, last]) => number >= first && number <= last)
}

describe('addresses that are not public', () => {
  for (const [index, [first, last]] of specialIpv4.entries()) {
    test(`${first} to ${last}`, () => {
      const range = rangesIpv4[index] as readonly [bigint, bigint]
      fc.assert(
        fc.property(arbitraryIn(range), (number) => !isPublicAddress(ipv4Of(number))),
        { numRuns: 200 },
      )
    })
  }
  for (const [index, [first, last]] of specialIpv6.entries()) {
    test(`${first} to ${last}`, () => {
      const range = rangesIpv6[index] as readonly [bigint, bigint]
      fc.assert(
        fc.property(
          arbitraryIn(range),
          fc.boolean(),
          (number, isShort) => !isPublicAddress(ipv6Of(number, isShort)),
        ),
        { numRuns: 200 },
      )
    })
  }

  test('any IPv4 address, public ones too, within an IPv6 address', () => {
    const embed = [
      (ip: string) => `::ffff:${ip}`,
      (ip: string) => `::FFFF:${ip}`,
      (ip: string) => `0:0:0:0:0:ffff:${ip}`,
      (ip: string) => `::${ip}`,
      (ip: string) => `64:ff9b::${ip}`,
      (ip: string) => `64:ff9b:1::${ip}`,
      (ip: string) => `::ffff:0:${ip}`,
      (ip: string) => {
        const hex = numberOfIpv4(ip).toString(16).padStart(8, '0')
        return `2002:${hex.slice(0, 4)}:${hex.slice(4)}::1`
      },
      (ip: string) => `2001:0:${ip.split('.').slice(0, 2).join('')}::1`,
    ]
    fc.assert(
      fc.property(fc.ipV4(), fc.constantFrom(...embed), (ip, into) => !isPublicAddress(into(ip))),
    )
  })

  test('named ones that servers have been led to', () => {
    const named = [
      '127.0.0.1',
      '0.0.0.0',
      '169.254.169.254',
      '100.100.100.200',
      '192.0.0.192',
      '255.255.255.255',
      '::',
      '::1',
      'fd00:ec2::254',
      'fe80::1',
      'fec0::1',
      'ff02::1',
      '64:ff9b::169.254.169.254',
      '2002:7f00:1::',
      '5f00::1',
    ]
    for (const address of named) assert.equal(isPublicAddress(address), false, address)
  })

  test('what is no address at all, or none without its zone', () => {
    const texts = ['', 'localhost', '2130706433', '0x7f.1', '127.1', '8.8.8.8 ', '8.8.8.8:443']
    for (const text of [...texts, '[2606:4700::1111]', '2606:4700::1111%eth0', '08.8.8.8']) {
      assert.equal(isPublicAddress(text), false, text)
    }
  })
})

describe('addresses that are public', () => {
  test('every other IPv4 address', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: 0n, max: 2n ** 32n - 1n }),
        (number) => isPublicAddress(ipv4Of(number)) !== isWithin(rangesIpv4, number),
      ),
      { numRuns: 5000 },
    )
  })

  test('every other IPv6 address', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: numberOfIpv6('2000::'), max: numberOfIpv6('4000::') - 1n }),
        (number) => isPublicAddress(ipv6Of(number, false)) !== isWithin(rangesIpv6, number),
      ),
      { numRuns: 5000 },
    )
  })

  test('the ones next to those that are not', () => {
    for (const [ranges, spell, bits] of [
      [rangesIpv4, ipv4Of, 32n],
      [rangesIpv6, (number: bigint) => ipv6Of(number, true), 128n],
    ] as const) {
      for (const [first, last] of ranges) {
        for (const number of [first - 1n, last + 1n]) {
          if (number < 0n || number >= 2n ** bits) continue
          const expected = !isWithin(ranges, number)
          assert.equal(isPublicAddress(spell(number)), expected, spell(number))
        }
      }
    }
  })
})
