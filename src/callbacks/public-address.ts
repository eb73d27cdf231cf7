import { BlockList, isIPv4, isIPv6 } from 'node:net'

/*
 * IANA IPv4 Special-Purpose Address Registry (RFC 6890): what is not globally reachable. With it what is
 * multicast (RFC 5771), and the anycast prefix of 6to4 relays (RFC 7526), which lead to anybody.
 */
const specialIpv4 = [
  ['0.0.0.0', 8], // This network, RFC 791
  ['10.0.0.0', 8], // Private use, RFC 1918
  ['100.64.0.0', 10], // Carrier-grade NAT, RFC 6598
  ['127.0.0.0', 8], // Loopback, RFC 1122
  ['169.254.0.0', 16], // Link local, RFC 3927; metadata of clouds
  ['172.16.0.0', 12], // Private use, RFC 1918
  ['192.0.0.0', 24], // IETF protocol assignments, RFC 6890
  ['192.0.2.0', 24], // Documentation, RFC 5737
  ['192.88.99.0', 24], // 6to4 relays, RFC 7526
  ['192.168.0.0', 16], // Private use, RFC 1918
  ['198.18.0.0', 15], // Benchmarking, RFC 2544
  ['198.51.100.0', 24], // Documentation, RFC 5737
  ['203.0.113.0', 24], // Documentation, RFC 5737
  ['224.0.0.0', 4], // Multicast, RFC 5771
  ['240.0.0.0', 4], // Reserved, and broadcast, RFC 1112 and RFC 919
] as const

/*
 * Of IPv6 only what IANA assigns as global unicast (RFC 4291, section 2.4). That leaves out loopback,
 * IPv4-mapped (::ffff:0:0/96) and IPv4-compatible addresses, NAT64 (64:ff9b::/96, RFC 6052, and
 * 64:ff9b:1::/48, RFC 8215), discard-only (100::/64), segment routing (5f00::/16, RFC 9602), unique local
 * (fc00::/7, RFC 4193), link and site local, multicast, and what is not assigned yet.
 */
const globalUnicast = ['2000::', 3] as const

/* IANA IPv6 Special-Purpose Address Registry (RFC 6890): what lies within global unicast. */
const specialIpv6 = [
  ['2001::', 23], // IETF protocol assignments, RFC 2928: Teredo, benchmarking, ORCHID and others
  ['2001:db8::', 32], // Documentation, RFC 3849
  ['2002::', 16], // 6to4, RFC 3056: leads to an IPv4 address
  ['3fff::', 20], // Documentation, RFC 9637
] as const

const special = new BlockList()
for (const [network, prefix] of specialIpv4) special.addSubnet(network, prefix, 'ipv4')
for (const [network, prefix] of specialIpv6) special.addSubnet(network, prefix, 'ipv6')
const unicast = new BlockList()
unicast.addSubnet(...globalUnicast, 'ipv6')

/**
 * Whether an address is one of the public internet; false for a text that is not an IP address.
 *
 * NAT64 with a prefix of an operator's own cannot be told from other addresses.
 */
export function isPublicAddress(address: string): boolean {
  if (isIPv4(address)) return !special.check(address, 'ipv4')
  if (!isIPv6(address) || address.includes('%')) return false
  return unicast.check(address, 'ipv6') && !special.check(address, 'ipv6')
}
