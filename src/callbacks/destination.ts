import { isIP } from 'node:net'
import { canonicalIp, compileIpSet } from '../contract/ip-address.ts'
import { isPublicAddress } from './public-address.ts'

/** Gives the addresses that a name has at present; rejects with a `code` if it has none. */
export type Resolve = (hostname: string) => Promise<readonly string[]>

/** Where a call-back goes. */
export interface Destination {
  readonly url: URL
  /**
   * Resolves the host once and checks all its addresses; if one is not allowed, none is used.
   * @throws {AddressRefusedError} when an address is not allowed
   */
  readonly addresses: (resolve: Resolve) => Promise<readonly string[]>
}

/** A host has an address to which call-backs must not be sent. */
export class AddressRefusedError extends Error {
  readonly code = 'ADDRESS_REFUSED'
}

/** Whether a text can be the URL of a call-back, as far as the text alone tells. */
export function isCallbackUrl(text: string): boolean {
  const url = URL.parse(text)
  return (
    url !== null &&
    /^https?:$/.test(url.protocol) &&
    `${url.username}${url.password}${url.hash}` === ''
  )
}

/**
 * Compiles the destination of an integration's call-backs. Public addresses are allowed with https. Addresses that are
 * not public, and plain http to any address, are allowed only if `allowed` contains the address.
 * @param text accepted by {@link isCallbackUrl}
 * @param allowed addresses and CIDR blocks
 */
export function compileDestination(text: string, allowed: readonly string[]): Destination {
  const url = new URL(text)
  const isAllowed = compileAllowed(url, allowed)
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

/** What is expected instead of a URL whose host is an address that is not allowed; undefined if only DNS can tell. */
export function destinationFault(text: string, allowed: readonly string[]): string | undefined {
  const url = new URL(text)
  if (url.protocol === 'http:' && allowed.length === 0) {
    return 'https; plain http goes to addresses of allowAddresses only'
  }
  const host = hostOf(url)
  if (isIP(host) === 0 || compileAllowed(url, allowed)(host)) return undefined
  return 'a public address, or one of allowAddresses'
}

function compileAllowed({ protocol }: URL, allowed: readonly string[]) {
  const isListed = compileIpSet(allowed)
  return (address: string) =>
    (protocol === 'https:' && isPublicAddress(address)) || isListed(canonicalIp(address) ?? address)
}

/** The host of a URL, without the brackets of an IPv6 address. URL has normalised the spelling of addresses. */
export function hostOf({ hostname }: URL): string {
  return hostname.startsWith('[') ? hostname.slice(1, -1) : hostname
}
