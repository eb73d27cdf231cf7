import { ipv6Groups } from './ipv6-groups.ts'

/**
 * What an address is counted as: an IPv4 address as itself, an IPv6 address as its /64, since one caller
 * commonly has a whole /64 (RFC 6177, section 2).
 * @param ip in canonical spelling
 */
export function addressKey(ip: string): string {
  if (!ip.includes(':')) return ip
  return `${ipv6Groups(ip).slice(0, 4).join(':')}::/64`
}
