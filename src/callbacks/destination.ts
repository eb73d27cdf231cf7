import { isIP } from 'node:net'
import { canonicalIp, compileIpSet } from '../admit/ip-address.ts'
import { isPublicAddress } from './public-address.ts'

/** Addresses that a name has at the moment; rejects with a `code` where it has none. */
export type Resolve = (hostname: string) => Promise<readonly string[]>

/** Where a call-back goes. */
export interface Destination {
  readonly url: URL
  /**
   * Asks once for the addresses of the host and checks every one of them, so that one that is not allowed
   * keeps all from being used.
   * @throws {AddressRefusedError}
   */
  readonly addresses: (resolve: Resolve) => Promise<readonly string[]>
}

/** A host has an address that call-backs must not be sent to. */
export class AddressRefusedError extends Error {
  readonly code = 'ADDRESS_REFUSED'
}

/** A text that is the URL of a call-back, as far as the text alone can say. */
export function isCallbackUrl(text: string): boolean {
  const url = URL.parse(text)
  return (
    url !== null &&
    /^https?:$/.test(url.protocol) &&
    `${url.username}${url.password}${url.hash}` === ''
  )
}

/**
 * Compiles where an integration has its call-backs sent. Public addresses are allowed by https; addresses
 * that are not public, and plain http, only where `allowed` has them.
 * @param text of {@link isCallbackUrl}
 * @param allowed addresses and CIDR blocks
 */
export function compileDestination(text: string, allowed: readonly string[]): Destination {
  const url = new URL(text)
  const isPlain = url.protocol === 'http:'
  const isListed = compileIpSet(allowed)
  const isAllowed = (address: string) =>
    (!isPlain && isPublicAddress(address)) || isListed(canonicalIp(address) ?? address)
  const host = hostOf(url)
  return {
    url,
    addresses: async (resolve) => {
      const addresses = isIP(host) === 0 ? await resolve(host) : [host]
      if (addresses.length === 0 || !addresses.every(isAllowed)) {
        throw new AddressRefusedError('an address of the host is not allowed')
      }
      return addresses
    },
  }
}

/** What is wrong with a URL whose host is an address; undefined where only DNS can tell. */
export function destinationFault(text: string, allowed: readonly string[]): string | undefined {
  const url = new URL(text)
  if (url.protocol === 'http:' && allowed.length === 0) {
    return 'https; plain http goes to addresses of allowAddresses only'
  }
  const host = hostOf(url)
  if (isIP(host) === 0) return undefined
  const isListed = compileIpSet(allowed)(canonicalIp(host) ?? host)
  if (isListed || (url.protocol === 'https:' && isPublicAddress(host))) return undefined
  return 'a public address, or one of allowAddresses'
}

/** The host of a URL without the brackets of an IPv6 address. URL has made the one spelling of every number. */
export function hostOf({ hostname }: URL): string {
  return hostname.startsWith('[') ? hostname.slice(1, -1) : hostname
}
