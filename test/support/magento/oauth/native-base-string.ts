import { type FormValue, parseFormFields } from '../php/form-fields.ts'
import { rawUrlEncode } from '../php/url-decoding.ts'
import { rawQuery } from './oauth-parameters.ts'

/**
 * The string that Magento 2.4.8 signs (Framework/Oauth/Helper/Signature/Hmac.php): host and path as
 * they came, the query read once more by PHP's own parser, parameters ordered by their decoded names.
 */
export function nativeBaseString(
  method: string,
  url: string,
  parameters: ReadonlyMap<string, string>,
): string {
  const all = new Map<string, FormValue>([
    ...parameters,
    ...Object.entries(parseFormFields(rawQuery(url))),
  ])
  const encoded = [...withoutNested(all)]
    .filter(([name]) => name !== 'oauth_signature')
    .sort(([left], [right]) => Buffer.compare(Buffer.from(left), Buffer.from(right)))
    .map(([name, value]) => `${rawUrlEncode(name)}=${rawUrlEncode(value)}`)
    .join('&')
  return [method.toUpperCase(), url.replace(/[?#].*$/s, ''), encoded].map(rawUrlEncode).join('&')
}

/** Arrays fall away: those that have `name[…]` beside them by intent, the others by their type. */
function* withoutNested(parameters: ReadonlyMap<string, FormValue>): Iterable<[string, string]> {
  for (const [name, value] of parameters) {
    if (typeof value === 'string') yield [name, value]
  }
}
