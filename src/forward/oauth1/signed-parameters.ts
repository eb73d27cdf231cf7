import { percentEncode } from '../../syntax/percent-encoding.ts'

/** An encoded parameter: its name, and the whole of it as `name=value`. */
export interface SignedParameter {
  readonly name: string
  readonly pair: string
}

/**
 * All parameters of a request, in no order: OAuth's own from the header, then those of the query.
 * @param protocolParameters names and values, not encoded
 */
export function signedParameters(
  query: string | undefined,
  protocolParameters: Iterable<readonly [string, string]>,
): SignedParameter[] {
  const parameters: SignedParameter[] = []
  for (const [name, value] of protocolParameters) {
    parameters.push({ name, pair: `${name}=${percentEncode(value)}` })
  }
  for (const pair of query?.split('&') ?? []) {
    parameters.push({ name: pair.slice(0, pair.indexOf('=')), pair })
  }
  return parameters
}

/**
 * Puts a signature base string together (RFC 5849, section 3.4.1.1).
 * @param url the base string URI
 * @param parameters in the order in which they are signed
 */
export function joinBaseString(
  method: string,
  url: string,
  parameters: readonly SignedParameter[],
): string {
  const pairs = parameters.map(({ pair }) => pair).join('&')
  return `${method.toUpperCase()}&${percentEncode(url)}&${percentEncode(pairs)}`
}
