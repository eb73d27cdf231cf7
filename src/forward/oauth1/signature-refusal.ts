/**
 * Whether an answer of Magento says that the signature does not fit. There is nothing but its text
 * to tell this 401 from others (Magento: Framework/Oauth/Oauth.php, _validateSignature); a shop that
 * translates it is not understood, and the answer then stands.
 */
export function isSignatureRefusal(status: number, body: Buffer): boolean {
  if (status !== 401) return false
  try {
    const { message } = JSON.parse(body.toString('utf8')) as { message?: unknown }
    return typeof message === 'string' && message.startsWith('The signature is invalid')
  } catch {
    return false
  }
}
