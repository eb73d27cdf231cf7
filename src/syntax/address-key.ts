/**
 * What an address is counted as: an IPv4 address as itself, an IPv6 address as its /64, since one caller
 * commonly has a whole /64 (RFC 6177, section 2).
 * @param ip in canonical spelling
 */
export function addressKey(ip: string): string {
  if (!ip.includes(':')) return ip
  const [head = '', tail] = ip.split('::')
  const groups = head === '' ? [] : head.split(':')
  const tailGroups = tail ? tail.split(':') : []
  if (tail !== undefined) {
    // A dotted IPv4 tail is two groups wide.
    const width = tailGroups.length + (tail.includes('.') ? 1 : 0)
    while (groups.length + width < 8) groups.push('0')
  }
  return `${[...groups, ...tailGroups].slice(0, 4).join(':')}::/64`
}
