import type { SignedParts } from '../../authenticate/oauth1/base-string.ts'
import { joinBaseString, type SignedParameter } from './signed-parameters.ts'

/**
 * The signature base string of Magento 2.4.8 and later: the path is signed as it is sent, and
 * parameters are ordered by the bytes of their decoded names, so that `a[b]` stands after `aB` and
 * `[10]` before `[1]` (Magento: Framework/Oauth/Helper/Signature/Hmac.php).
 */
export function nativeBaseString(
  { method, origin, path }: SignedParts,
  parameters: readonly SignedParameter[],
): string {
  const ordered = parameters
    .map((parameter) => ({ ...parameter, bytes: decodedBytes(parameter.name) }))
    .sort((left, right) => (left.bytes < right.bytes ? -1 : 1))
  return joinBaseString(method, origin + path, ordered)
}

/** One character for each byte, so that strings compare as bytes do. */
function decodedBytes(name: string): string {
  return name.replace(/%([0-9A-F]{2})/g, (_escape, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  )
}
