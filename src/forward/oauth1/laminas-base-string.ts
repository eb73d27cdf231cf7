import type { SignedParts } from '../../authenticate/oauth1/base-string.ts'
import { percentEncode } from '../../syntax/percent-encoding.ts'
import { inNaturalOrder } from './natural-order.ts'
import { joinBaseString, type SignedParameter } from './signed-parameters.ts'

/**
 * The signature base string of Magento 2.4.6 and 2.4.7, in which the path is normalised, even
 * `%2F` to a slash, and parameters stand in natural order, `[10]` after `[9]`
 * (Laminas: laminas-oauth, src/Signature/AbstractSignature.php).
 */
export function laminasBaseString(
  { method, origin, path }: SignedParts,
  parameters: readonly SignedParameter[],
): string {
  return joinBaseString(method, origin + normalisePath(path), inNaturalOrder(parameters))
}

const leftAlone = /[A-Za-z0-9_\-.~:@&=+$,/;%]/

/**
 * Undoes escapes of characters that Laminas finds harmless in a path, `/` and `%` among them, puts
 * other escapes in upper case, and escapes what is left (Laminas: laminas-uri, src/Uri.php,
 * normalizePath). Dot segments are no concern: none is ever sent.
 */
function normalisePath(path: string): string {
  if (/^[\w\-.~/]*$/.test(path)) return path
  return path
    .replace(/%[0-9A-Fa-f]{2}/g, (triplet) => {
      const char = String.fromCharCode(Number.parseInt(triplet.slice(1), 16))
      return leftAlone.test(char) ? char : triplet.toUpperCase()
    })
    .replace(/[^A-Za-z0-9_\-.~:@&=+$,/;%]+|%(?![0-9A-Fa-f]{2})/g, percentEncode)
}
