import { hash } from 'node:crypto'
import type { RequestContext } from '../request-context.ts'
import { asComparedByDatabase } from '../syntax/database-text.ts'
import { percentDecode } from '../syntax/percent-encoding.ts'
import { findSigningKey, type SharedSecret, signingKeys } from './shared-secrets.ts'
import type { SignatureVerifier } from './verifier.ts'

/**
 * Verifies scheme `body`: `X-Signature` is the hex HMAC-SHA256 over the raw body, or over the empty string if there is
 * none. It covers neither method nor path nor time, so whoever has seen a call can send it again. For writes the
 * result therefore has a `repeatKey`, by which the policy repeat-guard recognizes a repetition.
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
    // A read may be repeated. It has no body, so its signature is always the same.
    if (request.method === 'GET') return { keyId: found.id }
    // The query is left out: it is not signed, so whoever repeats the request could choose another one.
    const repeated = `${signature?.toLowerCase()} ${request.method} ${pathOf(request)}`
    // Hashed, so that it takes no more memory where it is kept than a nonce does, however long the path is.
    return { keyId: found.id, repeatKey: hash('sha256', repeated, 'base64url') }
  }
}

/**
 * The path in the form in which Magento compares it. The path is not signed either, so whoever repeats the request
 * could percent-encode it differently, or write an SKU in another case or with a space behind it.
 */
function pathOf({ target }: RequestContext): string {
  const segments = target.path.split('/')
  return segments.map((each) => asComparedByDatabase(percentDecode(each) ?? each)).join('/')
}
