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
    const path = request.target?.path ?? ''
    // Nor is the path, which Magento decodes, whatever was escaped in it.
    const repeatKey = `${signature?.toLowerCase()} ${request.method} ${percentDecode(path) ?? path}`
    return { keyId: found.id, repeatKey }
  }
}
