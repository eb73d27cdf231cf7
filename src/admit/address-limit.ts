import { allow, type RateLimit, type Step } from '../policy.ts'
import { reject } from '../problem.ts'

/** How many addresses are remembered at once; at about 150 bytes each. */
const rememberedAddresses = 100_000

/**
 * What an address is counted under: an IPv4 address itself, an IPv6 address by its /64, since one
 * caller commonly holds a whole /64 (RFC 6177, section 2).
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

/** Limits the requests of one address before anything is spent on them. */
export const addressLimit: Step<{ readonly perAddress: RateLimit }> = {
  name: 'address-limit',
  prepare: ({ perAddress }, services) => {
    const take = services.localLimiter(perAddress, rememberedAddresses)
    return function checkAddressLimit(request) {
      const decision = take(addressKey(request.clientIp ?? ''))
      if (decision.isAllowed) return allow
      return reject('address-rate-limited', 'requests of this address exceed the limit', {
        retryAfterSeconds: Math.max(1, Math.ceil(decision.retryAfterMs / 1000)),
      })
    }
  },
}
