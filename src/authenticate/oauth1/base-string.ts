import { percentDecode, percentEncode } from '../../syntax/percent-encoding.ts'
import type { Oauth1Parameters } from './oauth1-parameters.ts'

/** What of a request is signed beside the protocol parameters. */
export interface SignedRequest {
  readonly method: string
  /** Scheme and authority in lower case, without the scheme's own port. */
  readonly origin: string
  /** Raw path. */
  readonly path: string
  /** Raw query without its `?`. */
  readonly query: string | undefined
}

/**
 * The signature base string (RFC 5849, section 3.4.1). The order of the query is not a part of it,
 * so a name may stand once: PHP takes the last of several.
 * @returns for the audit, why there is none
 */
export function oauth1BaseString(
  { method, origin, path, query }: SignedRequest,
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
    if (names.has(name)) return { reason: 'a query parameter stands more than once' }
    names.add(name)
    pairs.push(`${name}=${value}`)
  }
  // Section 3.4.1.3.2: by the bytes of the encoded names.
  pairs.sort((left, right) => (sortKey(left) < sortKey(right) ? -1 : 1))
  return [method, origin + path, pairs.join('&')].map(percentEncode).join('&')
}

/** Names in order, then values: no character of an encoded name sorts before U+0000. */
function sortKey(pair: string): string {
  return pair.replace('=', '\0')
}

/** Section 3.4.1.3.1: a query is read as a form, in which `+` is a space. */
function encodeAnew(raw: string): string | undefined {
  const decoded = percentDecode(raw.replaceAll('+', ' '))
  return decoded === undefined ? undefined : percentEncode(decoded)
}
