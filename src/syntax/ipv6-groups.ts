/**
 * The eight groups of an IPv6 address, in hex as they are written. A dotted IPv4 tail stands for the last two of them.
 * @param ip without a zone
 */
export function ipv6Groups(ip: string): string[] {
  const [head = '', tail] = ip.split('::')
  const groups = head === '' ? [] : head.split(':')
  const tailGroups = tail ? tail.split(':') : []
  if (tail !== undefined) {
    // A dotted IPv4 tail is two groups wide.
    const width = tailGroups.length + (tail.includes('.') ? 1 : 0)
    while (groups.length + width < 8) groups.push('0')
  }
  return [...groups, ...tailGroups]
}
