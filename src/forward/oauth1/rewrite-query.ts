import { percentEncode } from '../../syntax/percent-encoding.ts'
import { PhpArray } from './php-array.ts'
import { parsePhpQuery } from './php-query.ts'
import type { QueryFault } from './query-fault.ts'

/** A query in the form that {@link rewriteQuery} gives; undefined for none. */
export interface RewrittenQuery {
  readonly query: string | undefined
}

/*
 * Not anchored, as in Magento (Framework/Oauth/Helper/Request.php, _isProtocolParameter): 2.4.7 does not sign such a
 * parameter, and 2.4.8 lets it replace one of OAuth's own.
 */
const protocolParameter = /oauth_[a-z_-]/
const protocolFault: QueryFault = {
  fault:
    'The query has a parameter name with "oauth_" in it, which Magento takes for OAuth\'s own.',
}

/**
 * Rewrites a raw query into the one form that means the same to Magento's PHP and that all versions sign in the same
 * way, except for the order: `name=value` pairs, each name once, all of it percent-encoded, and arrays with their
 * indices. A query that has this form is not changed.
 *
 * Why: Magento reads the query twice. For the signature it splits it at `&` and `=`
 * (Framework/Oauth/Helper/Request.php), for the service it uses PHP's own parser, and 2.4.8 mixes both for the signature
 * (Framework/Oauth/Helper/Signature/Hmac.php). In this form both give the same result.
 */
export function rewriteQuery(query: string | undefined): RewrittenQuery | QueryFault {
  if (query === undefined) return { query }
  const parameters = parsePhpQuery(query)
  if ('fault' in parameters) return parameters
  const pairs: string[] = []
  for (const [name, value] of flatten(parameters)) {
    if (protocolParameter.test(name)) return protocolFault
    pairs.push(`${name}=${percentEncode(value)}`)
  }
  return { query: pairs.length === 0 ? undefined : pairs.join('&') }
}

/** Encoded names with their values, in PHP's order. */
function* flatten(parameters: PhpArray): Iterable<[string, string]> {
  for (const [key, value] of parameters.entries) yield* flattenValue(percentEncode(key), value)
}

function* flattenValue(name: string, value: string | PhpArray): Iterable<[string, string]> {
  if (!(value instanceof PhpArray)) {
    yield [name, value]
    return
  }
  for (const [key, inner] of value.entries) {
    yield* flattenValue(`${name}%5B${percentEncode(key)}%5D`, inner)
  }
}
