import { percentDecode, percentEncode } from '../../syntax/percent-encoding.ts'
import type { Oauth1Parameters } from './oauth1-parameters.ts'

/** The parts of a request that are signed besides the protocol parameters; the body is not among them. */
export interface SignedParts {
  readonly method: string
  /** Scheme and authority in lower case, without the scheme's default port. */
  readonly origin: string
  /** The raw path. */
  readonly path: string
  /** The raw query without its `?`. */
  readonly query: string | undefined
}

/**
 * The signature base string (RFC 5849, section 3.4.1). It does not cover the order of the query's parameters, and of
 * several with one name PHP takes the last one, so a repeated name is refused.
 * @returns the base string, or for the audit why there is none
 */
export function oauth1BaseString(
  { method, origin, path, query }: SignedParts,
  protocolParameters: Oauth1Parameters,
): string | { readonly reason: string } {
  const pairs: string[] = []
  for (const [name, value] of Object.entries(protocolParameters)) {
    if (name !== 'oauth_signature') pairs.push(`${name}=${percentEncode(value)}`)
  }
  const names = new Set<string>()
  for (const part of query?.split('&') ?? []) {
    if (part === '') continue
    const equals = part.indexOf('=')
    const name = encodeAnew(equals < 0 ? part : part.slice(0, equals))
    const value = encodeAnew(equals < 0 ? '' : part.slice(equals + 1))
    if (name === undefined || value === undefined) return { reason: 'the query is not UTF-8' }
    if (name.includes('oauth_')) return { reason: 'the query has a parameter of OAuth' }
    if (names.has(name)) return { reason: 'a query parameter occurs more than once' }
    names.add(name)
    pairs.push(`${name}=${value}`)
  }
  // Section 3.4.1.3.2: sorted by the bytes of the encoded names, then of the values.
  pairs.sort((left, right) => (sortKey(left) < sortKey(right) ? -1 : 1))
  return [method, origin + path, pairs.join('&')].map(percentEncode).join('&')
}

/** Sorts by name and then by value, since no character of an encoded name sorts before U+0000. */
function sortKey(pair: string): string {
  return pair.replace('=', '\0')
}

/** Section 3.4.1.3.1: a query is decoded like a form, in which `+` is a space. */
function encodeAnew(raw: string): string | undefined {
  const decoded = percentDecode(raw.replaceAll('+', ' '))
  return decoded === undefined ? undefined : percentEncode(decoded)
}
