import { hash } from 'node:crypto'
import type { SignatureEvidence } from '../request-context.ts'

/*
 * An HMAC in hex or base64, also where a client took another hash or encoding than it should have.
 * Anything shorter could be guessed from its digest.
 */
const signatureForm = /^(?:sha256=)?[A-Za-z0-9+/_-]{40,128}={0,2}$/

/**
 * SHA-256 in hex of a signature, of hex digits in lower case: enough to recognise it by, and not the
 * signature.
 */
export function presentedDigest(signature: string): string {
  return hash('sha256', /^[0-9a-f]+$/i.test(signature) ? signature.toLowerCase() : signature)
}

/**
 * What is kept of an HMAC that does not verify.
 * @param computed the string that should have been signed
 * @returns undefined where what was presented is none
 */
export function hmacEvidence(
  scheme: string,
  signature: string | undefined,
  computed?: string,
): SignatureEvidence | undefined {
  if (signature === undefined || !signatureForm.test(signature)) return undefined
  const presented = presentedDigest(signature)
  return computed === undefined ? { scheme, presented } : { scheme, computed, presented }
}
