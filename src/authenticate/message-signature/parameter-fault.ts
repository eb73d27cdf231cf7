import type { MessageSignatureSettings } from './message-signature-settings.ts'
import { defaultTag } from './signature-input.ts'
import type { SignatureParameters } from './signature-parameters.ts'

const minNonceLength = 16
const maxNonceLength = 128
const maxKeyidLength = 128

/**
 * Finds out what is wrong with the parameters of a signature. This gateway requires `created`, `expires`, `nonce` and
 * `keyid` (RFC 9421, section 3.2, application requirements).
 */
export function findParameterFault(
  { created, expires, nonce, keyid, tag }: SignatureParameters,
  settings: MessageSignatureSettings,
  nowMs: number,
): string | undefined {
  if (keyid === undefined) return 'keyid is missing'
  if (keyid.length > maxKeyidLength) return 'keyid is too long'
  if (nonce === undefined) return 'nonce is missing'
  if (nonce.length < minNonceLength || nonce.length > maxNonceLength) {
    return `nonce is not of ${minNonceLength} to ${maxNonceLength} characters`
  }
  if (settings.tag !== undefined && tag !== settings.tag) return 'tag is not the one required'
  if (settings.tag === undefined && tag !== undefined && tag !== defaultTag) {
    return 'tag is that of another application'
  }
  if (created === undefined) return 'created is missing'
  if (expires === undefined) return 'expires is missing'
  if (expires <= created) return 'expires is not after created'
  if (expires - created > settings.maxLifetimeSeconds) return 'expires is too far after created'
  const skewMs = settings.clockSkewSeconds * 1000
  if (created * 1000 > nowMs + skewMs) return 'created is in the future'
  if (expires * 1000 + skewMs < nowMs) return 'the signature has expired'
  return undefined
}
