import { canonicalIp, canonicalRemoteIp, compileIpSet, type IpSet } from '../contract/ip-address.ts'
import { allow, type Step } from '../policy.ts'
import { reject } from '../problem.ts'
import { allValues } from '../syntax/headers.ts'

/**
 * Resolves the caller's address: the remote IP, or behind trusted proxies the rightmost entry of
 * `X-Forwarded-For` that is not a trusted proxy itself. Entries further left are the caller's own
 * words and are never looked at.
 * @param remoteIp canonical address of the other end of the connection
 * @param forwardedFor the values of every `X-Forwarded-For` header, in order
 * @returns undefined when the entry that counts is not an IP address
 */
function resolveClientIp(
  remoteIp: string,
  forwardedFor: readonly string[],
  isTrusted: IpSet,
): string | undefined {
  let clientIp = remoteIp
  const entries = forwardedFor.flatMap((value) => value.split(','))
  while (isTrusted(clientIp)) {
    const entry = entries.pop()
    if (entry === undefined) return clientIp
    const address = forwardedAddress(entry.trim())
    if (address === undefined) return undefined
    clientIp = address
  }
  return clientIp
}

/** Some proxies add the port, Azure's Application Gateway among them; IPv6 then stands in brackets (RFC 3986, 3.2.2). */
const bracketsOrPort = /^(?:\[([^\]]+)\]|([^:]+))(?::\d{1,5})?$/

function forwardedAddress(entry: string): string | undefined {
  const [, bracketed, plain] = bracketsOrPort.exec(entry) ?? []
  if (bracketed?.includes(':') === false) return undefined
  return canonicalIp(bracketed ?? plain ?? entry)
}

/** Finds the true address of the caller, or refuses the request when it cannot be read. */
export const clientIp: Step<{ readonly trustedProxies: readonly string[] }> = {
  name: 'client-ip',
  prepare: ({ trustedProxies }) => {
    const isTrusted = compileIpSet(trustedProxies)
    return function checkClientIp(request) {
      const remoteIp = canonicalRemoteIp(request.remoteIp)
      if (remoteIp === undefined) return reject('bad-request', 'remote address is unreadable')
      request.viaTrustedProxy = isTrusted(remoteIp)
      request.clientIp = request.viaTrustedProxy
        ? resolveClientIp(remoteIp, allValues(request.rawHeaders, 'x-forwarded-for'), isTrusted)
        : remoteIp
      if (request.clientIp === undefined) {
        return reject('bad-request', 'X-Forwarded-For of a trusted proxy is unreadable', {
          detail: 'The header X-Forwarded-For has an entry that is not an IP address.',
        })
      }
      return allow
    }
  },
}
