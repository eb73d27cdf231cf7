import { BlockList, isIP, isIPv4, isIPv6, SocketAddress } from 'node:net'
import { Type } from 'typebox'
import { ipv6Groups } from '../syntax/ipv6-groups.ts'

/**
 * The canonical spelling of an address: IPv6 compressed and in lower case, an IPv4-mapped IPv6 address (RFC 4291,
 * section 2.5.5.2) as the IPv4 address that it stands for.
 * @returns undefined when the text is not an IP address, or has a port or a zone
 */
export function canonicalIp(text: string): string | undefined {
  if (isIPv4(text)) return text
  if (!isIPv6(text) || text.includes('%')) return undefined
  const { address } = new SocketAddress({ address: text, family: 'ipv6' })
  return address.startsWith('::ffff:') && isIPv4(address.slice(7)) ? address.slice(7) : address
}

/**
 * The canonical spelling of the other end of a connection. Node adds a zone to a link-local address (RFC 4007, section 11),
 * which names an interface of this machine.
 * @returns undefined when the address is not known
 */
export function canonicalRemoteIp(address: string | undefined): string | undefined {
  if (address === undefined) return undefined
  const zone = address.indexOf('%')
  return canonicalIp(zone < 0 ? address : address.slice(0, zone))
}

/** A setting that lists addresses and CIDR blocks, IPv4 and IPv6. */
export function CidrSetting() {
  return Type.Refine(
    Type.String({ examples: ['203.0.113.0/24', '2001:db8:7::/48', '198.51.100.7'] }),
    (text) => parseCidr(text) !== undefined,
    () =>
      'an IP address, or a CIDR block by its first address, such as 203.0.113.0/24 or 2001:db8:7::/48',
  )
}

interface Cidr {
  readonly address: string
  readonly family: 'ipv4' | 'ipv6'
  readonly prefixLength: number
}

function parseCidr(text: string): Cidr | undefined {
  const [address = '', prefix, ...rest] = text.split('/')
  const version = isIP(address)
  if (version === 0 || rest.length > 0 || address.includes('%')) return undefined
  const bits = version === 4 ? 32 : 128
  const prefixLength = prefix === undefined ? bits : /^\d{1,3}$/.test(prefix) ? Number(prefix) : -1
  if (prefixLength < 0 || prefixLength > bits) return undefined
  // Whoever writes 203.0.113.7/24 may mean that one address, and not the 256 that this would let in.
  const hostBits = BigInt(bits - prefixLength)
  const value = bitsOf(address)
  if ((value >> hostBits) << hostBits !== value) return undefined
  return { address, family: version === 4 ? 'ipv4' : 'ipv6', prefixLength }
}

/** The bits of an address as a number. */
function bitsOf(address: string): bigint {
  if (isIPv4(address)) return joined(address.split('.').map(Number), 8n)
  // The host of a URL has no dotted tail.
  const { hostname } = new URL(`http://[${address}]`)
  const groups = ipv6Groups(hostname.slice(1, -1)).map((group) => Number.parseInt(group, 16))
  return joined(groups, 16n)
}

function joined(parts: readonly number[], width: bigint): bigint {
  return parts.reduce((value, part) => (value << width) | BigInt(part), 0n)
}

/** Tells whether an address, in its canonical spelling, is in a set of blocks. */
export type IpSet = (ip: string) => boolean

/** How many results a set remembers, at about 60 bytes each; every integration has a set. */
const rememberedVerdicts = 100

/**
 * Compiles a list of addresses and CIDR blocks.
 * @param cidrs each one valid for {@link CidrSetting}
 */
export function compileIpSet(cidrs: readonly string[]): IpSet {
  if (cidrs.length === 0) return () => false
  // In one list, ::/0 would contain every IPv4 address too, as the IPv4-mapped one.
  const lists: { ipv4?: BlockList; ipv6?: BlockList } = {}
  for (const text of cidrs) {
    const cidr = parseCidr(text)
    if (cidr === undefined) throw new TypeError('not an IP address or CIDR block')
    const { address, family, prefixLength } = cidr
    const add = (list = new BlockList()) => {
      list.addSubnet(address, prefixLength, family)
      return list
    }
    lists[family] = add(lists[family])
    // Only blocks this small can consist of IPv4-mapped addresses.
    if (family === 'ipv6' && prefixLength >= 96) lists.ipv4 = add(lists.ipv4)
  }
  // Callers come from few addresses, and asking a block list takes about a microsecond each time.
  const verdicts = new Map<string, boolean>()
  return (ip) => {
    let isListed = verdicts.get(ip)
    if (isListed === undefined) {
      const family = isIPv4(ip) ? 'ipv4' : 'ipv6'
      isListed = lists[family]?.check(ip, family) ?? false
      if (verdicts.size >= rememberedVerdicts) verdicts.clear()
      verdicts.set(ip, isListed)
    }
    return isListed
  }
}
