import type { RequestContext } from '../request-context.ts'
import { asComparedByDatabase } from '../syntax/database-text.ts'
import { percentDecode } from '../syntax/percent-encoding.ts'
import { findSigningKey, type SharedSecret, signingKeys } from './shared-secrets.ts'
import type { SignatureVerifier } from './verifier.ts'

/**
 * Verifies scheme `body`: `X-Signature` is the hex HMAC-SHA256 over the raw body, and over the
 * empty string where there is none. It covers neither method nor path nor time, so a call that was
 * seen can be sent again; what tells repeated writes is handed on for the policy that refuses them.
 */
export function bodySignature({
  secrets,
}: {
  readonly secrets: readonly SharedSecret[]
}): SignatureVerifier {
  const keys = signingKeys(secrets)
  return (request, nowMs) => {
    const signature = request.header('x-signature')
    const found = findSigningKey(keys, request.body, signature, nowMs)
    if ('reason' in found) {
      return { ...found, evidence: signature ? { scheme: 'body', signature } : undefined }
    }
    // A read may be repeated; its signature is that of the empty body and always the same.
    if (request.method === 'GET') return { keyId: found.id }
    // Not the query: it is not signed, so that whoever repeats the request could choose another one.
    const repeatKey = `${signature?.toLowerCase()} ${request.method} ${pathOf(request)}`
    return { keyId: found.id, repeatKey }
  }
}

/**
 * The path as Magento takes it. It is not signed either, and whoever repeats the request could escape it in another
 * way, or write an SKU in another case.
 */
function pathOf({ target }: RequestContext): string {
  const path = target?.path ?? ''
  return asComparedByDatabase(percentDecode(path) ?? path)
}
