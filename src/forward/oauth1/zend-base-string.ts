import type { SignedParts } from '../../authenticate/oauth1/base-string.ts'
import { inNaturalOrder } from './natural-order.ts'
import { joinBaseString, type SignedParameter } from './signed-parameters.ts'

/**
 * The signature base string of Magento 2.4.4 and 2.4.5: the path is signed as it is sent, and parameters stand in natural
 * order (Zend Framework 1: Zend/Oauth/Signature/SignatureAbstract.php and Zend/Uri/Http.php).
 */
export function zendBaseString(
  { method, origin, path }: SignedParts,
  parameters: readonly SignedParameter[],
): string {
  return joinBaseString(method, origin + path, inNaturalOrder(parameters))
}
