import { parseJson } from '../../syntax/parse-json.ts'

/**
 * Whether an answer of Magento says that the signature is wrong. Only its text distinguishes this 401 from others
 * (Magento: Framework/Oauth/Oauth.php, _validateSignature). If a shop has translated it, it is not recognised, and the
 * answer is passed on.
 */
export function isSignatureRefusal(status: number, body: Buffer): boolean {
  if (status !== 401) return false
  const { message } = (parseJson(body.toString()) ?? {}) as { readonly message?: unknown }
  return typeof message === 'string' && message.startsWith('The signature is invalid')
}
